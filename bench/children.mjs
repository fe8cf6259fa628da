import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/**
 * Nanoseconds on the clock that all processes of a machine share.
 */
export function nowNs() {
  return Number(process.hrtime.bigint());
}

/**
 * Starts a script of children/ in a Node process of its own. It says one line of JSON.
 * @param {string} name
 * @param {(string | number)[]} [args]
 * @param {string[]} [nodeArguments]
 * @param {NodeJS.ProcessEnv} [env]
 */
export function startChild(name, args = [], nodeArguments = [], env = process.env) {
  const script = fileURLToPath(new URL(`children/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [...nodeArguments, script, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal, atNs: nowNs() }));
  const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return {
    pid: child.pid ?? 0,
    ended,
    /** @returns {Promise<any>} */
    async line() {
      const { value, done } = await said;
      if (done) throw new Error(`children/${name}.mjs said nothing`);
      return JSON.parse(value);
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/**
 * Runs a script of children/ to its end; what it said, and when it ended.
 * @param {string} name
 * @param {(string | number)[]} [args]
 * @param {string[]} [nodeArguments]
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function runChild(name, args, nodeArguments, env) {
  const child = startChild(name, args, nodeArguments, env);
  const report = await child.line();
  const { code, atNs } = await child.ended;
  if (code !== 0) throw new Error(`children/${name}.mjs ended with code ${code}`);
  return { report, endedNs: atNs };
}
