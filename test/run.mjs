// The stages of the checks, one after the other, and one line of counts at the end. A tool that is missing is named as
// skipped; with CI=true it is a failure, since then nothing may be left out.
//   node test/run.mjs               npm test: what this checkout and its compilers can tell
//   node test/run.mjs --real        npm run test:real: what takes other people's programs, or long
//   node test/run.mjs STAGE...      some stages of either
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const inCi = process.env.CI === 'true';
const jobs = String(availableParallelism());
/** How the tests in TypeScript end that need what this checkout has not: other Node releases, NVIDIA's own programs. */
const REAL_TESTS = '.real.test.ts';

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

const withGyp = (stage) =>
  withTool('python3', 'node-gyp, which builds what is published, needs it', () =>
    withTool('make', 'node-gyp, which builds what is published, needs it', stage),
  );

const STAGES = {
  lint: () => one(run(bin('biome'), ['check', '--error-on-warnings', '.'])),
  types: () => one(run(bin('tsc'), ['--noEmit', '-p', 'tsconfig.json'])),
  docs: () => one(run(bin('typedoc'), ['--options', 'lib/typedoc.json', '--emit', 'none'])),
  'clang-format': () =>
    withTool('clang-format', 'apt-get install clang-format', () =>
      one(run('clang-format', ['--dry-run', '--Werror', ...nativeFiles()])),
    ),
  'clang-tidy': () =>
    withTool('clang-tidy', 'apt-get install clang-tidy', () => {
      const sources = nativeFiles().filter((file) => /^native\/.*\.cc$/.test(file));
      // Only cmake-js, which `npm run build` is, knows where Node's headers are.
      const patterns = sources.map((file) => `${join(root, file)}$`);
      return one(run('run-clang-tidy', ['-p', 'build', '-quiet', '-j', jobs, ...patterns]));
    }),
  native: () => script('test/native/run.mjs'),
  sanitizers: () => script('test/native/run.mjs', '--sanitize', 'address,undefined'),
  threads: () => script('test/native/run.mjs', '--sanitize', 'thread'),
  addon: () => script('test/sanitizers/addon.mjs'),
  matrix: () => {
    // A program of its own stands in for the warden.
    const built =
      run('cmake', ['-S', '.', '-B', 'build', '-DGPUPROBE_TESTS=ON']) &&
      run('cmake', ['--build', 'build', '-j', jobs, '--target', 'rogue-warden']);
    return built ? script('test/matrix/run.mjs', '--faults', 'main') : one(false);
  },
  vitest: () => vitest('--exclude', 'test/package/**', '--exclude', `**/*${REAL_TESTS}`),
};

const REAL_STAGES = {
  real: () => vitest(REAL_TESTS),
  'matrix-rest': () => script('test/matrix/run.mjs', '--faults', 'rest'),
  fuzz: () => withTool('clang++', 'apt-get install clang', () => script('test/fuzz/run.mjs')),
  package: () => withGyp(() => vitest('--config', 'test/package/vitest.config.ts')),
  bench: () => script('bench/run.mjs', '--gate', '--rounds', '3'),
};

const words = process.argv.slice(2);
const every = { ...STAGES, ...REAL_STAGES };
const unknown = words.find((name) => name !== '--real' && !Object.hasOwn(every, name));
if (unknown !== undefined) {
  process.stderr.write(`unknown stage ${unknown}; stages: ${Object.keys(every).join(', ')}\n`);
  process.exit(64);
}
const named = words.filter((name) => name !== '--real');
const whole = Object.keys(words.includes('--real') ? REAL_STAGES : STAGES);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of named.length > 0 ? named : whole) {
  say(`\n== ${name}`);
  const started = performance.now();
  const counts = every[name]();
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
