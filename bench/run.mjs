// npm run bench: what gpuprobe costs, beside what the machine itself costs in the same moments.
import { existsSync } from 'node:fs';
import { gate } from './gate.mjs';
import { describeMachine } from './machine.mjs';
import { notMeasured, summarise } from './measure.mjs';
import { HELP, parseOptions } from './options.mjs';
import { toJson, writeResults } from './results.mjs';
import { table } from './table.mjs';

const USAGE = 64;
const CANNOT_RUN = 3;

/**
 * @param {string} message
 * @param {number} exitCode
 * @returns {never}
 */
function fail(message, exitCode) {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(exitCode);
}

function options() {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return fail(/** @type {Error} */ (error).message.split('. ')[0] ?? '', USAGE);
  }
}

/** @param {string} text */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/**
 * One reading of each row per round, all measurements in turn: a busy minute strikes them alike. One that fails
 * is not tried again.
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./measure.mjs').Measure[]} measures
 * @param {number} rounds
 */
async function measureAll(bench, measures, rounds) {
  const runs = measures.map((measure) => ({
    measure,
    readings: /** @type {Record<string, import('./measure.mjs').Reading>[]} */ ([]),
    reason: '',
  }));
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      if (run.reason !== '' || round >= (run.measure.rounds ?? rounds)) continue;
      progress(`round ${round + 1} of ${rounds}: ${run.measure.rows[0]?.id}`);
      try {
        run.readings.push(await run.measure.round(bench));
      } catch (error) {
        run.reason = /** @type {Error} */ (error).message;
      }
    }
  }
  progress('');
  return runs.flatMap(({ measure, readings, reason }) =>
    measure.rows.map((row) => {
      const own = readings.flatMap((reading) => reading[row.id] ?? []);
      return reason === '' ? summarise(row, own) : notMeasured(row, reason);
    }),
  );
}

/**
 * The package is imported late: what it needs may not be built.
 * @param {string} build
 * @param {string} nvidiaSmi
 * @param {string} only
 * @param {boolean} held
 */
async function prepare(build, nvidiaSmi, only, held) {
  try {
    const [{ Bench }, { MEASURES }] = await Promise.all([
      import('./bench.mjs'),
      import('./measures/index.mjs'),
    ]);
    const measures = MEASURES.filter(
      ({ rows, gated }) => rows.some((row) => row.id.includes(only)) && !(held && gated === false),
    );
    if (measures.length === 0) return fail(`no measurement has a row whose id contains "${only}"`, USAGE);
    return { bench: await Bench.open(build, nvidiaSmi), measures };
  } catch (error) {
    return fail(/** @type {Error} */ (error).message, CANNOT_RUN);
  }
}

const { rounds, only, json, write, gate: held, build, 'nvidia-smi': nvidiaSmi, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
if (process.platform !== 'linux') fail('gpuprobe probes Linux; there is nothing to measure here', CANNOT_RUN);
if (!existsSync(new URL('../build/lib/native/source.js', import.meta.url))) {
  fail('there is no finished build: run `npm run build` first', CANNOT_RUN);
}
const machine = describeMachine();
const { bench, measures } = await prepare(build, nvidiaSmi, only, held);
const results = await measureAll(bench, measures, rounds);
bench.close();
const run = { date: new Date().toISOString(), rounds, machine, results };
if (held) {
  const judged = gate(results);
  const failed = judged.filter(({ passed }) => !passed).length;
  for (const { line } of judged) process.stdout.write(`${line}\n`);
  process.stdout.write(`${judged.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || judged.length === 0 ? 1 : 0;
} else process.stdout.write(json ? toJson(run) : `${table(results)}\n`);
if (write) writeResults(run);
