import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Finding, Verdict } from '../../lib/probe/report.js';
import { cliPath } from '../support/cli.js';

/** What stands when `gpuprobe watch` is ended after so many seconds of the scenario. */
export async function watchFor(
  seconds: number,
  args: readonly string[],
): Promise<{ verdict: Verdict; findings: Finding[] }> {
  const main = cliPath();
  const child = spawn(process.execPath, [main, 'watch', '--json', '--interval', '500', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const standing = new Map<string, Finding>();
  let verdict: Verdict = 'unknown';
  setTimeout(() => child.kill('SIGTERM'), seconds * 1000);
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    const key = `${event.finding?.id} ${event.finding?.device}`;
    if (event.type === 'finding') standing.set(key, event.finding);
    if (event.type === 'recovered') standing.delete(key);
    if (event.type === 'verdict') verdict = event.verdict;
  }
  return { verdict, findings: [...standing.values()] };
}
