// npm test: every stage of the checks, one after the other, and one line of counts at the end. A tool that is
// missing is named as skipped; with CI=true it is a failure, since then nothing may be left out.
//   node test/run.mjs [STAGE...]    only these stages
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const inCi = process.env.CI === 'true';
const jobs = String(availableParallelism());

const say = (text) => process.stdout.write(`${text}\n`);

/** Runs a command in the checkout; true when it ends with 0. */
function run(command, args, environment = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  if (result.error) say(`${command}: ${result.error.message}`);
  return result.status === 0;
}

const isThere = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

const one = (passed) => ({ passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 });

/** A stage that needs a tool which may be missing. */
function withTool(tool, remedy, stage) {
  if (isThere(tool)) return stage();
  say(`${inCi ? 'FAILED' : 'SKIPPED'}: ${tool} is not here; ${remedy}`);
  return { passed: 0, failed: inCi ? 1 : 0, skipped: inCi ? 0 : 1 };
}

function nativeFiles() {
  const list = (folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(cc|h)$/.test(name))
      .map((name) => join(folder, name));
  return ['native', 'test/native', 'test/fuzz', 'test/sanitizers', 'bench'].flatMap(list).sort();
}

/** Builds and runs the C++ tests in a folder of their own; each test prints `N passed, N failed`. */
function nativeTests(name, options, environment) {
  const folder = join('build', name);
  const configured = run('cmake', ['-S', '.', '-B', folder, '-DGPUPROBE_TESTS=ON', ...options]);
  if (!configured || !run('cmake', ['--build', folder, '-j', jobs])) return one(false);
  const total = { passed: 0, failed: 0, skipped: 0 };
  const tests = readdirSync(join(root, folder, 'tests')).filter((file) => file.endsWith('_test'));
  for (const test of tests) {
    const log = spawnSync('ctest', ['--test-dir', folder, '-R', `^${test}$`, '-V'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    });
    const counts = /(\d+) passed, (\d+) failed/.exec(log.stdout);
    const ok = log.status === 0 && counts !== null && Number(counts[1]) > 0;
    total.passed += Number(counts?.[1] ?? 0);
    total.failed += ok ? 0 : Math.max(1, Number(counts?.[2] ?? 1));
    say(`${ok ? 'ok' : 'not ok'} ${name} ${test}: ${counts?.[0] ?? 'no result'}`);
    if (!ok) say(log.stdout + log.stderr);
  }
  return tests.length > 0 ? total : one(false);
}

/** A script of its own, whose last line is `N passed, N failed`. */
function script(...words) {
  const { status, stdout } = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 27,
  });
  say(stdout.trimEnd());
  const counts = /(\d+) passed, (\d+) failed\s*$/.exec(stdout);
  const failed = Number(counts?.[2] ?? 1);
  return {
    passed: Number(counts?.[1] ?? 0),
    failed: status === 0 && counts !== null ? failed : Math.max(1, failed),
    skipped: 0,
  };
}

/** Vitest by itself is one stage, the package another: a compiler beside tests that hang on purpose starves them. */
function vitest(...selection) {
  const report = join(root, 'build', 'vitest.json');
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const ok = run(bin('vitest'), ['run', ...selection, ...reporters]);
  if (!existsSync(report)) return one(false);
  const counts = JSON.parse(readFileSync(report, 'utf8'));
  const failed = counts.numFailedTests + counts.numFailedTestSuites;
  const skipped = counts.numPendingTests + counts.numTodoTests;
  return { passed: counts.numPassedTests, failed: ok ? failed : Math.max(1, failed), skipped };
}

const sanitized = (name, sanitizers, environment) =>
  nativeTests(name, [`-DGPUPROBE_SANITIZE=${sanitizers}`, '-DCMAKE_BUILD_TYPE=Debug'], environment);

/** Counts of its own: a cell is a test. It needs a program that the C++ tests are built with. */
function matrix() {
  const folder = join('build', 'tests');
  const configured = run('cmake', ['-S', '.', '-B', folder, '-DGPUPROBE_TESTS=ON']);
  if (!configured || !run('cmake', ['--build', folder, '-j', jobs, '--target', 'rogue-warden']))
    return one(false);
  const result = spawnSync(process.execPath, [join('test', 'matrix', 'run.mjs')], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(result.stdout);
  const [, cells = 0, right = 0] = (/(\d+) cells, (\d+) right/.exec(result.stdout) ?? []).map(Number);
  const failed = cells - right;
  return { passed: right, failed: result.status === 0 ? failed : Math.max(1, failed), skipped: 0 };
}

const STAGES = {
  lint: () => one(run(bin('biome'), ['check', '--error-on-warnings', '.'])),
  types: () => one(run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json'])),
  docs: () => one(run(bin('typedoc'), ['--options', 'lib/typedoc.json', '--emit', 'none'])),
  'clang-format': () =>
    withTool('clang-format', 'apt-get install clang-format', () =>
      one(run('clang-format', ['--dry-run', '--Werror', ...nativeFiles()])),
    ),
  native: () => nativeTests('tests', [], {}),
  'clang-tidy': () =>
    withTool('clang-tidy', 'apt-get install clang-tidy', () => {
      const sources = nativeFiles().filter((file) => /^native\/.*\.cc$/.test(file));
      // Only cmake-js, which `npm run build` is, knows where Node's headers are.
      const patterns = sources.map((file) => `${join(root, file)}$`);
      return one(run('run-clang-tidy', ['-p', 'build', '-quiet', '-j', jobs, ...patterns]));
    }),
  sanitizers: () =>
    sanitized('sanitized', 'address,undefined', {
      ASAN_OPTIONS: 'detect_leaks=1',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    }),
  addon: () => script('test/sanitizers/addon.mjs'),
  fuzz: () => withTool('clang++', 'apt-get install clang', () => script('test/fuzz/run.mjs')),
  // The first report ends the process: one that a test kills later would take it along.
  threads: () => sanitized('threads', 'thread', { TSAN_OPTIONS: 'halt_on_error=1' }),
  matrix,
  vitest: () => vitest('--exclude', 'test/package/**'),
  bench: () => script('bench/run.mjs', '--gate', '--rounds', '3'),
  package: () =>
    withTool('python3', 'node-gyp, which builds what is published, needs it', () =>
      withTool('make', 'node-gyp, which builds what is published, needs it', () =>
        vitest('--config', 'test/package/vitest.config.ts'),
      ),
    ),
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !Object.hasOwn(STAGES, name));
if (unknown !== undefined) {
  process.stderr.write(`unknown stage ${unknown}; stages: ${Object.keys(STAGES).join(', ')}\n`);
  process.exit(64);
}
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of chosen.length > 0 ? chosen : Object.keys(STAGES)) {
  say(`\n== ${name}`);
  const started = performance.now();
  const counts = STAGES[name]();
  for (const key of Object.keys(total)) total[key] += counts[key];
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(
    `== ${name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
}
say(
  `\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed > 0 ? 1 : 0;
