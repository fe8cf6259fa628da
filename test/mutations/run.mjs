// Applies each mutation in turn, in a copy of this checkout, and expects the test that is named for it to fail: a guard
// whose absence no test notices is not there. More than half an hour; not part of `npm test`.
//   node test/mutations/run.mjs                every mutation; prints `N passed, N failed`
//   node test/mutations/run.mjs stuck-cap      one or more by name
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MUTATIONS } from './list.mjs';
import { markedPlaces, replacements, withReplaced } from './marked.mjs';

/** @typedef {import('./list.mjs').Mutation} Mutation */

const USAGE = 64;
/** A test that still waits after this long has failed. Without a mutation none comes near it. */
const MOST_MS = 60_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = join(root, 'build', 'mutations');
const jobs = String(availableParallelism());

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);

/**
 * What is built stays from the last time. A file that is as it was keeps its time: what was last put back is then newer
 * than what was built with a mutation.
 */
function bringUpToDate() {
  mkdirSync(copy, { recursive: true });
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  // A second root of biome's would make the first one's run an error.
  for (const file of files.filter((name) => name !== 'biome.json')) {
    const [from, to] = [join(root, file), join(copy, file)];
    if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue;
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
  }
  rmSync(join(copy, 'node_modules'), { force: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
}

/**
 * Runs a command in the copy, in a process group of its own that is ended with it.
 * @param {string[]} words
 * @param {number} [most]
 */
function run([command = '', ...args], most = 0) {
  const limited =
    most > 0 ? ['timeout', '-k', '1', String(most / 1000), command, ...args] : [command, ...args];
  const [first = '', ...rest] = limited;
  const { status, stdout, stderr } = spawnSync(first, rest, {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 1 << 27,
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { ok: status === 0, timedOut: status === 124 || status === 137, log: `${stdout}${stderr}` };
}

/** @param {Mutation['red']} red the commands that make what its test needs */
function buildsOf(red) {
  const tests = ['cmake', '--build', 'build', '-j', jobs, '--target'];
  if ('vitest' in red || 'matrix' in red) {
    return [
      ['node_modules/.bin/cmake-js', 'build'],
      // Services and the command run the bundle, some tests the built modules, most the sources. Emitted declarations do not
      // matter, so tsc may keep what it knows from the last mutation.
      [process.execPath, 'lib/bundle.mjs'],
      [
        'node_modules/.bin/tsc',
        '-p',
        'lib/tsconfig.json',
        '--incremental',
        '--tsBuildInfoFile',
        'build/mutations.json',
      ],
      [process.execPath, 'native/driver-functions.mjs'],
      ...('matrix' in red ? [[...tests, 'rogue-warden']] : []),
    ];
  }
  const target = 'native' in red ? red.native : red.build;
  return [[...tests, target]];
}

/** @param {Mutation['red']} red */
function build(red) {
  for (const words of buildsOf(red)) {
    const { ok, log } = run(words);
    if (!ok) return { ok, timedOut: false, log };
  }
  return { ok: true, timedOut: false, log: '' };
}

/** @param {Exclude<Mutation['red'], { build: string }>} red */
function wordsOf(red) {
  if ('vitest' in red) return ['node_modules/.bin/vitest', 'run', red.vitest];
  if ('matrix' in red) return [process.execPath, 'test/matrix/run.mjs', '--only', red.matrix];
  return [join('build/tests', red.native), ...(red.named === '' ? [] : [red.named])];
}

/** @param {Mutation['red']} red */
function test(red) {
  if ('build' in red) return { ok: true, timedOut: false, log: '' };
  const { ok, timedOut, log } = run(wordsOf(red), MOST_MS);
  // A name that no test bears would pass without having run.
  return { ok: ok && !/^0 passed/m.test(log), timedOut, log };
}

/** @param {Mutation} mutation @returns {() => void} what puts the sources back */
function mutate(mutation) {
  const places = markedPlaces(copy);
  /** @type {Map<string, string>} */
  const before = new Map();
  for (const [marker, text] of replacements(mutation)) {
    const place = places.get(marker);
    if (place === undefined) throw new Error(`${mutation.name}: no source has // mutation: ${marker}`);
    const path = join(copy, place.file);
    const source = readFileSync(path, 'utf8');
    if (!before.has(path)) before.set(path, source);
    writeFileSync(path, withReplaced(source, place, text));
  }
  return () => {
    for (const [path, source] of before) writeFileSync(path, source);
  };
}

/** How a test said that it failed; '' when it did not say so. @param {{ timedOut: boolean, log: string }} result */
function failure({ timedOut, log }) {
  if (timedOut) return `still waiting after ${MOST_MS / 1000} s`;
  const said = /^not ok .*$|AssertionError: .*$|^\s*FAIL .* > .*$|error: static assertion failed.*$/m.exec(
    log,
  );
  return said?.[0]?.trim() ?? '';
}

/**
 * @param {Mutation} mutation
 * @returns {{ noticed: boolean, how: string }}
 */
function tryWith(mutation) {
  const putBack = mutate(mutation);
  try {
    const built = build(mutation.red);
    if (!('build' in mutation.red) && !built.ok) {
      return { noticed: false, how: `it does not build:\n${built.log.slice(-2000)}` };
    }
    const result = 'build' in mutation.red ? built : test(mutation.red);
    const how = failure(result);
    if (result.ok) return { noticed: false, how: 'no test fails' };
    // Whatever else went wrong is no test that noticed.
    return how === '' ? { noticed: false, how: result.log.slice(-2000) } : { noticed: true, how };
  } finally {
    putBack();
  }
}

/** @param {Mutation[]} mutations */
function expectGreen(mutations) {
  for (const words of [
    ['node_modules/.bin/cmake-js', 'build'],
    ['cmake', '-S', '.', '-B', 'build', '-DGPUPROBE_TESTS=ON'],
  ]) {
    const { ok, log } = run(words);
    if (!ok) throw new Error(log);
  }
  /** @type {Set<string>} */
  const tried = new Set();
  for (const { name, red } of mutations) {
    if (tried.has(JSON.stringify(red))) continue;
    tried.add(JSON.stringify(red));
    const built = build(red);
    const tested = built.ok ? test(red) : built;
    if (!tested.ok) throw new Error(`${name}: its test fails without the mutation:\n${tested.log}`);
  }
}

const words = process.argv.slice(2);
const unknown = words.find((word) => !MUTATIONS.some(({ name }) => name === word));
if (unknown !== undefined) {
  const names = MUTATIONS.map(({ name }) => name).join(', ');
  process.stderr.write(`unknown mutation ${unknown}; mutations: ${names}\n`);
  process.exit(USAGE);
}
const chosen = words.length > 0 ? MUTATIONS.filter(({ name }) => words.includes(name)) : MUTATIONS;
bringUpToDate();
say('no mutation: building and running the tests');
expectGreen(chosen);
let passed = 0;
for (const mutation of chosen) {
  const started = performance.now();
  const { noticed, how } = tryWith(mutation);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  if (noticed) passed += 1;
  say(`${noticed ? 'ok' : 'not ok'} ${mutation.name} (${seconds} s): ${how}`);
}
say(`${passed} passed, ${chosen.length - passed} failed`);
process.exitCode = passed === chosen.length ? 0 : 1;
