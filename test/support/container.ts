import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { childrenOf, eventually, wardenOf } from './processes.js';

export interface Containers {
  /** Runs Node `runs` times in a row in a container whose PID 1 reaps nothing. */
  start(runs: number, words: readonly string[], options?: ContainerOptions): Container;
  remove(): void;
}

export interface ContainerOptions {
  env?: NodeJS.ProcessEnv;
  /** A program that starts Node. */
  through?: readonly string[];
}

export interface Container {
  /** PID 1's final lines: how each run ended, and which processes are left. */
  said: Promise<string[]>;
  /** Resolves with the first output of the program. */
  speaks: Promise<void>;
  /** The program's pid, once it has a warden that has children. */
  busy(): Promise<number>;
}

const source = fileURLToPath(new URL('../isolation/pid_one.c', import.meta.url));

/** Creates containers (PID namespaces); needs root. */
export function createContainers(): Containers {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-pid-one-'));
  const pidOne = join(folder, 'pid_one');
  const flags = ['-D_GNU_SOURCE', '-Wall', '-Wextra', '-Werror'];
  execFileSync('cc', [...flags, '-o', pidOne, source], { stdio: 'pipe' });
  return {
    start(runs, words, { env = {}, through = [] } = {}) {
      const namespace = ['--fork', '--pid', '--mount-proc', '--kill-child'];
      const program = [pidOne, String(runs), ...through, process.execPath, ...words];
      const outer = spawn('unshare', [...namespace, ...program], {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, ...env },
      });
      return { ...heard(outer), busy: () => busyProgram(outer.pid as number) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function heard(outer: ChildProcess): Pick<Container, 'said' | 'speaks'> {
  let output = '';
  const speaks = new Promise<void>((resolve) => outer.stdout?.once('data', () => resolve()));
  const said = new Promise<string[]>((resolve, reject) => {
    outer.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const lines = output.split('\n');
      // Not the close of the container, which comes after all its processes have ended, even those in D
      // state.
      if (lines.includes('end')) resolve(lines.filter((line) => /^(status|signal|left) /.test(line)));
    });
    outer.once('close', () => reject(new Error(`PID 1 did not come to its end: ${output}`)));
  });
  return { said, speaks };
}

async function busyProgram(outer: number): Promise<number> {
  let found: number | undefined;
  const child = (of: number | undefined) => (of === undefined ? undefined : childrenOf(of)[0]?.pid);
  await eventually(() => {
    found = child(child(outer));
    return found !== undefined && childrenOf(found).some(({ name }) => name === 'gpuprobe-warden');
  });
  await wardenOf(found as number, 1);
  return found as number;
}
