// Builds the C++ tests and runs them, several in parallel: they mostly wait for deadlines.
//   node test/native/run.mjs                          in build/, with the objects of `npm run build`
//   node test/native/run.mjs --sanitize address,undefined
//   node test/native/run.mjs --sanitize thread        in build/thread
//   node test/native/run.mjs [--sanitize S] NAME...   only these, for example warden_test
// Prints `N passed, N failed`, as each test does.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const TESTS_PER_CORE = 2;
/** A liveness limit only: the slowest test takes seconds. */
const MOST_MS = 600_000;
const USAGE = 64;
const root = fileURLToPath(new URL('../..', import.meta.url));
const jobs = availableParallelism();

/**
 * A thread sanitizer report must end its process: a process that a test kills later would lose the report.
 */
const ENVIRONMENT = {
  ASAN_OPTIONS: 'detect_leaks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1',
};

const { values, positionals } = parseArgs({
  options: { sanitize: { type: 'string' } },
  allowPositionals: true,
});
const folder = join(root, 'build', values.sanitize?.replace(/,.*/, '') ?? '');
const options =
  values.sanitize === undefined ? [] : ['-DCMAKE_BUILD_TYPE=Debug', `-DGPUPROBE_SANITIZE=${values.sanitize}`];

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/** @param {string[]} words */
function cmake(...words) {
  const { status } = spawnSync('cmake', words, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`cmake ended with ${status}`);
}

/**
 * @param {string} name
 * @returns {Promise<{ passed: number, failed: number }>}
 */
function runTest(name) {
  const child = spawn(join(folder, 'tests', name), { env: { ...ENVIRONMENT, ...process.env } });
  const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      log += text;
    });
  }
  return new Promise((resolve) => {
    child.once('close', (status, signal) => {
      clearTimeout(timer);
      const counts = /(\d+) passed, (\d+) failed/.exec(log);
      const [passed, failed] = [Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 0)];
      const ok = status === 0 && failed === 0 && passed > 0;
      say(`${ok ? 'ok' : 'not ok'} ${name}: ${counts?.[0] ?? `no result, ended with ${status ?? signal}`}`);
      if (!ok) say(log);
      resolve({ passed, failed: ok ? 0 : Math.max(1, failed) });
    });
  });
}

if (values.sanitize === undefined && !existsSync(join(folder, 'CMakeCache.txt'))) {
  process.stderr.write('no build: run `npm run build` first\n');
  process.exit(USAGE);
}
cmake('-S', '.', '-B', folder, '-DGPUPROBE_TESTS=ON', ...options);
const wanted = positionals.length > 0 ? positionals : ['native-tests'];
cmake('--build', folder, '-j', String(jobs), '--target', ...wanted);
const built = readdirSync(join(folder, 'tests')).filter((file) => file.endsWith('_test'));
const waiting = positionals.length > 0 ? [...positionals] : built;
const total = { passed: 0, failed: 0 };
await Promise.all(
  Array.from({ length: jobs * TESTS_PER_CORE }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const { passed, failed } = await runTest(name);
      total.passed += passed;
      total.failed += failed;
    }
  }),
);
say(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
