// Builds the fuzz targets with clang, makes their seeds, and runs each for FUZZ_SECONDS (45), two in parallel.
//   node test/fuzz/run.mjs [TARGET...]              prints `N passed, N failed`
//   node test/fuzz/run.mjs --replay TARGET HEX      one input, with the sanitizer's report
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TARGETS, writeScenarioSeeds } from './targets.mjs';

const AT_A_TIME = 2;
const USAGE = 64;
const root = fileURLToPath(new URL('../..', import.meta.url));
const build = join(root, 'build', 'fuzz');
const seconds = Number(process.env.FUZZ_SECONDS ?? 45);

const environment = { ...process.env, ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' };

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/** @param {string} command @param {string[]} args */
function must(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

/** @param {string[]} targets */
function buildTargets(targets) {
  must('cmake', ['-S', '.', '-B', build, '-DCMAKE_CXX_COMPILER=clang++', '-DGPUPROBE_FUZZ=ON']);
  must('cmake', ['--build', build, '-j', '2', '--target', 'fuzz_seeds', ...targets]);
}

function makeSeeds() {
  const seeds = join(build, 'seeds');
  rmSync(seeds, { recursive: true, force: true });
  mkdirSync(seeds, { recursive: true });
  writeScenarioSeeds(seeds);
  must(join(build, 'targets', 'fuzz_seeds'), [seeds]);
  return seeds;
}

/**
 * Prints the inputs that libFuzzer left, each with the command to replay it.
 * @param {string} folder
 * @param {string} target
 */
function tellCrashes(folder, target) {
  for (const file of readdirSync(folder)) {
    say(
      `${file}: node test/fuzz/run.mjs --replay ${target} ${readFileSync(join(folder, file)).toString('hex')}`,
    );
  }
}

/**
 * @param {string} target
 * @param {string} seeds
 * @returns {Promise<boolean>}
 */
function fuzz(target, seeds) {
  const work = mkdtempSync(join(tmpdir(), 'gpuprobe-fuzz-'));
  const [corpus, crashes] = [join(work, 'corpus'), join(work, 'crashes')];
  mkdirSync(corpus);
  mkdirSync(crashes);
  const args = [
    `-max_total_time=${seconds}`,
    '-timeout=20',
    '-rss_limit_mb=2048',
    '-print_final_stats=1',
    `-artifact_prefix=${crashes}/`,
  ];
  const child = spawn(join(build, 'targets', target), [...args, corpus, join(seeds, target)], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log = (log + text).slice(-20_000);
  });
  return new Promise((resolve) => {
    child.once('close', (status) => {
      const runs = Number(/stat::number_of_executed_units: (\d+)/.exec(log)?.[1] ?? 0);
      const coverage = /cov: (\d+)(?![\s\S]*cov: )/.exec(log)?.[1] ?? '?';
      const passed = status === 0 && runs > 0 && readdirSync(crashes).length === 0;
      say(`${passed ? 'ok' : 'not ok'} ${target}: ${runs} inputs in ${seconds} s, ${coverage} edges`);
      if (!passed) {
        say(log);
        tellCrashes(crashes, target);
      }
      rmSync(work, { recursive: true, force: true });
      resolve(passed);
    });
  });
}

/** @param {string} target @param {string} hex */
function replay(target, hex) {
  buildTargets([target]);
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-fuzz-'));
  const file = join(folder, 'input');
  writeFileSync(file, Buffer.from(hex, 'hex'));
  const { status } = spawnSync(join(build, 'targets', target), [file], {
    stdio: 'inherit',
    env: environment,
  });
  rmSync(folder, { recursive: true });
  return status === 0;
}

const words = process.argv.slice(2);
const [first, only = '', hex = ''] = words;
const chosen = first === '--replay' ? [only] : words.length > 0 ? words : TARGETS;
if (chosen.some((target) => !TARGETS.includes(target)) || !(seconds > 0)) {
  process.stderr.write(`targets: ${TARGETS.join(', ')}; FUZZ_SECONDS is a number of seconds\n`);
  process.exit(USAGE);
}
if (first === '--replay') process.exit(replay(only, hex) ? 0 : 1);
buildTargets(chosen);
const seeds = makeSeeds();
const waiting = [...chosen];
let passed = 0;
await Promise.all(
  Array.from({ length: AT_A_TIME }, async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      if (await fuzz(target, seeds)) passed += 1;
    }
  }),
);
say(`${passed} passed, ${chosen.length - passed} failed`);
process.exitCode = passed === chosen.length ? 0 : 1;
