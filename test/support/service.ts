import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { packageRoot } from './cli.js';

export interface Service {
  pid: number;
  /** Resolves with the next whole line of output; rejects if the service ended without one. */
  line(): Promise<string>;
  /** Lets a service that waits in `told()` continue. */
  tell(): void;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<{ status: number | null; signal: NodeJS.Signals | null; output: string; errors: string }>;
}

export interface ServiceOptions {
  /** The package that contains the service: the checkout by default, or a copy from `copyPackage()`. */
  root?: string;
  /** The Node that runs it; this one by default. */
  node?: string;
  /** A program that starts Node: its words before Node's own. */
  through?: readonly string[];
  /** What the service reads with `given()`. */
  given?: unknown;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  /** Whether it gets its own process group, like a terminal's job. */
  detached?: boolean;
}

const running: Service[] = [];
afterEach(() => {
  for (const service of running.splice(0)) service.kill('SIGKILL');
});

/**
 * Starts a service: a file below test/ that imports `support/service-kit.mjs`. It is killed after the test at
 * the latest.
 */
export function startService(file: string, options: ServiceOptions = {}): Service {
  const { root = packageRoot, node = process.execPath, through = [], given } = options;
  const words = [
    ...through,
    node,
    join(root, 'test', file),
    ...(given === undefined ? [] : [JSON.stringify(given)]),
  ];
  const child = spawn(words[0] ?? node, words.slice(1), {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.detached ?? false,
    env: { ...process.env, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let output = '';
  let errors = '';
  let taken = 0;
  let over = false;
  const more = () => once(child.stdout, 'data');
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close').then(([status, signal]) => {
    over = true;
    return { status, signal, output, errors };
  });
  const service: Service = {
    pid: child.pid as number,
    async line() {
      for (;;) {
        const end = output.indexOf('\n', taken);
        if (end >= 0) {
          const text = output.slice(taken, end);
          taken = end + 1;
          return text;
        }
        if (over) throw new Error(`the service ended without a line: ${errors}`);
        await Promise.race([more(), ended]);
      }
    },
    tell: () => child.stdin.write('go\n'),
    kill: (signal) => child.kill(signal),
    ended,
  };
  running.push(service);
  return service;
}
