// The addon, the warden and the simulator under AddressSanitizer and UndefinedBehaviorSanitizer, in an ordinary node
// with the sanitizer's runtime preloaded. Each case runs on the ordinary build as well: both must be told the same,
// and no process of the sanitized one may report anything, leaks of the service included.
//   node test/sanitizers/addon.mjs [CASE...]      prints `N passed, N failed`
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const AT_A_TIME = 2;
const root = fileURLToPath(new URL('../..', import.meta.url));
const packageLike = join(root, 'build', 'sanitized-addon');
const build = join(packageLike, 'build');
const reports = join(build, 'reports');
const service = fileURLToPath(new URL('service.mjs', import.meta.url));

// In thread mode a process is one scenario for good, and one that crashes is the service's own end.
const THREAD = ['healthy', 'nvml-unknown-error', 'garbage', 'access-revoked', 'hang-nvml-read', 'all-zeros'];
const CASES = [
  'scenarios',
  ...THREAD.map((scenario) => `thread ${scenario}`),
  'workers',
  'lost-warden',
  'exit-in-flight',
];

function buildSanitized() {
  const options = ['--out', build, '--debug', '--CDGPUPROBE_SANITIZE=address,undefined'];
  const { status } = spawnSync(join(root, 'node_modules/.bin/cmake-js'), ['build', ...options], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`cmake-js ended with ${status}`);
}

/** The runtime must come before everything else that allocates. */
function runtime() {
  return execFileSync('c++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
}

/**
 * What a run printed, and how it ended.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Promise<string>}
 */
function run(name, environment) {
  const child = spawn(process.execPath, [service, ...name.split(' ')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  return new Promise((resolve) => {
    child.once('close', (status, signal) => resolve(`${output}ended with ${status ?? signal}\n`));
  });
}

/**
 * Node leaves memory of its own at process.exit(), some of which it took on our behalf: a leak is ours where the
 * addon's own code asked for it, so that its frame comes before any of node's.
 * @param {string} leak
 */
function isOurLeak(leak) {
  const frames = leak.split('\n').filter((line) => /^ *#\d+ /.test(line));
  const first = frames.find((frame) => /gpuprobe\.node|\/native\/addon\/|\(\S*\/node\+0x/.test(frame));
  return first !== undefined && !/\(\S*\/node\+0x/.test(first);
}

/** What of a report is about us. @param {string} text */
function ours(text) {
  if (!text.includes('LeakSanitizer')) return [text];
  return text.split(/^(?=(?:Direct|Indirect) leak)/m).filter(isOurLeak);
}

/** @param {string} prefix of the files @returns {string[]} */
function reported(prefix) {
  return readdirSync(reports)
    .filter((file) => file.startsWith(prefix))
    .flatMap((file) => ours(readFileSync(join(reports, file), 'utf8')));
}

/** @param {string} name */
async function passes(name) {
  const prefix = `service-${name.replaceAll(' ', '-')}`;
  const path = join(reports, prefix);
  const sanitized = await run(name, {
    GPUPROBE_PREBUILD: packageLike,
    LD_PRELOAD: runtime(),
    // Node's leaks are no failure: what counts is in the files.
    ASAN_OPTIONS: `detect_leaks=1:exitcode=0:log_path=${path}`,
    UBSAN_OPTIONS: `print_stacktrace=1:log_path=${path}`,
  });
  const ordinary = await run(name, {});
  const found = reported(prefix);
  const passed = sanitized === ordinary && ordinary.includes('ended with 0') && found.length === 0;
  process.stdout.write(`${passed ? 'ok' : 'not ok'} ${name}\n`);
  if (!passed) process.stdout.write(`sanitized:\n${sanitized}ordinary:\n${ordinary}${found.join('\n')}\n`);
  return passed;
}

const words = process.argv.slice(2);
const chosen = words.length > 0 ? CASES.filter((name) => words.some((word) => name.includes(word))) : CASES;
buildSanitized();
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const waiting = [...chosen];
let passed = 0;
await Promise.all(
  Array.from({ length: AT_A_TIME }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (await passes(name)) passed += 1;
    }
  }),
);
// The helpers of all cases write to the same files.
const helpers = reported('helper');
process.stdout.write(`${helpers.length === 0 ? 'ok' : 'not ok'} helper processes\n${helpers.join('\n')}`);
const all = chosen.length + 1;
const good = passed + (helpers.length === 0 ? 1 : 0);
process.stdout.write(`${good} passed, ${all - good} failed\n`);
process.exitCode = good === all ? 0 : 1;
