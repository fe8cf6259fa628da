import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../lib/probe/report.js';

export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
/** The command as it ships. */
export const cliPath = (root = packageRoot) => `${root}/dist/cli.js`;

export interface CliResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  /** The package to run; the checkout by default. */
  root?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  /** Called with the process id as soon as it is known. */
  onStart?: (pid: number) => void;
}

/** Runs the built CLI in a separate process, as a user does. */
export function gpuprobe(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [cliPath(options.root), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const result: CliResult = { status: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    result.stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...result, status }));
  });
}

/** Returns the report of a simulated machine, and the exit code. */
export async function simulate(
  scenario: string,
  ...args: string[]
): Promise<{ report: Report; status: number | null }> {
  const result = await gpuprobe(['--sim', scenario, '--json', ...args]);
  if (result.stdout === '') throw new Error(`no report: ${result.stderr}`);
  return { report: JSON.parse(result.stdout) as Report, status: result.status };
}
