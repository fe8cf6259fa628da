import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { systemProcesses } from '../../lib/guard/processes.js';
import { eventually } from '../support/processes.js';
import { startService } from '../support/service.js';

const children: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
function start(...[command, args, options]: [string, string[], object?]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], ...options });
  children.push(child);
  return child;
}

describe('a process', () => {
  const processes = systemProcesses();

  it('is alive until it has ended, and a pid that nobody has is nobody', async () => {
    const child = start('sleep', ['1000']);
    const identity = processes.identify(child.pid as number);
    if (identity === null) throw new Error('it was started');
    expect(processes.stateOf(identity)).toBe('alive');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processes.stateOf(identity)).toBe('ended');
    expect(processes.identify(child.pid as number)).toBeNull();
  });

  it('that is another one with the same pid is not it', () => {
    const { self } = processes;
    expect(processes.stateOf(self)).toBe('alive');
    expect(processes.stateOf({ ...self, start: (self.start ?? 0) - 1 })).toBe('ended');
  });

  it('of another pid namespace cannot be told', () => {
    expect(processes.stateOf({ pid: process.pid, start: 1, namespace: 1 })).toBe('unknown');
  });

  it('that has ended and was not waited for has ended', async () => {
    // The shell starts one, becomes another program, and so never waits for it.
    const parent = start('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 1000']);
    const [text] = await once(parent.stdout as NonNullable<typeof parent.stdout>, 'data');
    const pid = Number(text);
    const isZombie = () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    expect(await eventually(isZombie)).toBe(true);
    expect(processes.identify(pid)).toBeNull();
  });

  it.runIf(process.getuid?.() === 0)(
    "of another user's is alive, although it may not be signalled",
    async () => {
      const service = startService('guard/services/other-user.mjs', { given: process.pid });
      expect(JSON.parse(await service.line())).toEqual({ refused: 'EPERM', state: 'alive' });
    },
  );
});
