// npm run soak: a service that takes snapshots and meets faults for as long as it takes, and whether it grows.
import { writeFileSync } from 'node:fs';
import { describeMachine } from './machine.mjs';
import { HELP, parseOptions } from './soak/options.mjs';
import { plot } from './soak/plot.mjs';
import { markdown } from './soak/report.mjs';
import { soak } from './soak/run.mjs';
import { verdict } from './soak/verdict.mjs';

const USAGE = 64;

function options() {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`soak: ${/** @type {Error} */ (error).message.split('. ')[0]}\n`);
    return process.exit(USAGE);
  }
}

/** @param {string} name @param {string} text */
const write = (name, text) => writeFileSync(new URL(name, import.meta.url), text);

const { snapshots, faults, checkpoints, json, write: record, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const machine = describeMachine();
const started = performance.now();
const samples = await soak({ snapshots, faults, checkpoints });
const run = {
  date: new Date().toISOString(),
  machine,
  seconds: Math.round((performance.now() - started) / 1000),
  asked: { snapshots, faults, checkpoints },
  verdict: verdict(samples),
  samples,
};
// A line for each sample.
const text = `${JSON.stringify(run).replaceAll('{"snapshots"', '\n{"snapshots"')}\n`;
process.stdout.write(json ? text : markdown(run));
if (record) {
  write('SOAK.md', markdown(run));
  write('soak.json', text);
  write('soak.svg', plot(run));
}
process.exitCode = run.verdict.passed ? 0 : 1;
