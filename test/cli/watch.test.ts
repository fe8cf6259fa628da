import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { parseArguments } from '../../lib/surfaces/cli/arguments.js';
import { humanEvent } from '../../lib/surfaces/cli/human/event.js';
import { cliPath } from '../support/cli.js';

interface Line {
  type: string;
  at: string;
  [field: string]: unknown;
}

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** The built command in a process of its own, and what it has printed. */
function watch(...args: string[]) {
  const main = cliPath();
  const child = spawn(process.execPath, [main, 'watch', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = once(child, 'close').then(([status]) => ({ status: status as number, errors }));
  const until = (holds: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find(holds);
        if (found !== undefined) resolve(found);
      };
      waiting.add(look);
      look();
      ended.then(() => reject(new Error(`it ended: ${errors}`)));
    });
  return { child, lines, until, ended };
}

const isEvent =
  (type: string, fields: Record<string, unknown> = {}) =>
  (text: string) => {
    const line = JSON.parse(text) as Line;
    return line.type === type && Object.entries(fields).every(([name, value]) => line[name] === value);
  };

describe('gpuprobe watch --json', () => {
  it('tells an incident as whole lines of JSON, each with its type and time, and ends with SIGTERM by its verdict', async () => {
    const { child, lines, until, ended } = watch(
      ...'--json --sim wolf-2025-11-05 --from 12:28:00 --speed 240 --interval 20'.split(' '),
    );
    await until(isEvent('monitoring', { works: false }));
    await until(isEvent('monitoring', { works: true, because: null }));
    await until((line) => isEvent('recovered')(line) && line.includes('device-access-revoked'));
    child.kill('SIGTERM');
    expect(await ended).toEqual({ status: 0, errors: '' });
    const told = lines.map((line) => JSON.parse(line) as Line);
    for (const { type, at, ...rest } of told) {
      expect(type).toMatch(/^(start|verdict|finding|recovered|stale|gap|monitoring|fallback|end)$/);
      expect(new Date(at).toISOString()).toBe(at);
      if (type !== 'start' && type !== 'end')
        expect(rest).toMatchObject({ simulated: true, scenarioTime: expect.stringMatching(/^12:/) });
    }
    const found = told.find(
      ({ type, finding }) => type === 'finding' && (finding as { id: string }).id === 'device-access-revoked',
    );
    expect(String(found?.scenarioTime) >= '12:28:30' && String(found?.scenarioTime) < '12:33:00').toBe(true);
    expect(told.at(-1)).toEqual({
      type: 'end',
      at: expect.any(String),
      signal: 'SIGTERM',
      verdict: 'ok',
      exitCode: 0,
    });
  });

  it('exits 1 where the last verdict is failed, and 3 where there is none', async () => {
    const failing = watch('--json', '--sim', 'all-zeros', '--interval', '50');
    await failing.until(isEvent('verdict', { verdict: 'failed' }));
    failing.child.kill('SIGINT');
    expect((await failing.ended).status).toBe(1);
    const hanging = watch('--json', '--sim', 'hang-nvml-init', '--interval', '50');
    await hanging.until(isEvent('start'));
    hanging.child.kill('SIGINT');
    expect((await hanging.ended).status).toBe(3);
    expect(JSON.parse(hanging.lines.at(-1) ?? '')).toMatchObject({
      type: 'end',
      verdict: 'unknown',
      exitCode: 3,
    });
  });

  it('is a wrong command line where the scenario is, at once', async () => {
    const { ended } = watch('--json', '--sim', 'no-such-scenario');
    const { status, errors } = await ended;
    expect(status).toBe(64);
    expect(errors).toContain('no-such-scenario');
  });
});

describe('gpuprobe watch', () => {
  it('prints a line for each event for people', async () => {
    const { child, lines, until, ended } = watch('--sim', 'gpu-lost', '--interval', '50');
    await until((line) => line.includes('verdict: failed'));
    child.kill('SIGTERM');
    expect((await ended).status).toBe(1);
    expect(lines.join('\n')).toMatch(/^\d+\.\d s \[SIMULATED\] critical gpu-lost: /m);
  });

  it.each([
    [
      { type: 'monitoring', works: false, because: 'nvml.init: 999', darkMs: null },
      'MONITORING DOES NOT WORK: nvml.init: 999',
    ],
    [
      { type: 'monitoring', works: true, because: null, darkMs: 65_000 },
      'monitoring works again, after 65.0 s',
    ],
    [{ type: 'stale', state: 'expired', ageMs: 31_000 }, 'readings are expired: 31.0 s old'],
    [{ type: 'gap', gap: { from: '', to: '', ms: 10_000 } }, 'no readings for 10.0 s'],
    [{ type: 'xid', xid: { code: 79, device: 'GPU-1', at: '' } }, 'Xid 79 of GPU-1'],
    [{ type: 'verdict', verdict: 'failed', previous: 'ok' }, 'verdict: failed, was ok'],
  ])('says %j', (event, words) => {
    const base = { at: '2026-03-01T12:00:00.000Z', simulated: false, scenarioTime: null };
    const line = humanEvent({ ...base, ...event } as Parameters<typeof humanEvent>[0], (_, text) => text);
    expect(line).toBe(`2026-03-01T12:00:00.000Z ${words}\n`);
  });

  it('takes the options of a check that make sense for it', () => {
    expect(
      parseArguments('watch --interval 100 --require 2 --fail-on degraded --sim leak --speed 60'.split(' ')),
    ).toMatchObject({
      command: { name: 'watch' },
      asked: {
        json: false,
        failOnDegraded: true,
        intervalMs: 100,
        probe: { require: 2, simulate: { scenario: 'leak', speed: 60 } },
      },
      color: true,
    });
    expect(() => parseArguments(['watch', '--format', 'npd'])).toThrow(
      '--format goes with check, not with watch',
    );
    expect(() => parseArguments(['--interval', '5'])).toThrow('--interval goes with watch, not with check');
    expect(() => parseArguments(['watch', '--interval', '5'])).toThrow(
      '--interval takes an integer from 10 to',
    );
  });
});
