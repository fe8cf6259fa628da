import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createGuard } from '../../lib/guard/create-guard.js';
import type { Guard } from '../../lib/guard/guard.js';
import type { Lease } from '../../lib/guard/sessions/lease.js';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';

/** The incident of 5 November through the real monitor, at speed: five minutes to the second. */
const SPEED = 300;

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

function service(scenario: string, speed: number) {
  const clock = { time: '' };
  const gpu = createGpuProbe({
    simulate: { scenario, speed },
    ttlMs: 10,
    intervalMs: 20,
    listsIntervalMs: 40,
    canaryIntervalMs: 100,
    // On a machine that is busy with other tests no look comes too late to count.
    staleAfterMs: 20_000,
    logger: false,
  });
  // Before the guard is told of the same report.
  gpu.on('report', ({ scenarioTime }) => {
    clock.time = scenarioTime ?? '';
  });
  const guard = createGuard(gpu, { maxSessions: 5, warnAt: 4, maxCanaryAgeMs: 30_000 });
  open.push(guard, gpu);
  return { gpu, guard, clock };
}

/** `admitted`, or the limit at which it was refused. */
const ask = async (guard: Guard, id: string, leases: Lease[]): Promise<string> => {
  try {
    leases.push(await guard.acquire({ id }));
    return 'admitted';
  } catch (error) {
    return (error as { limit?: string }).limit ?? String(error);
  }
};

describe('5 November', () => {
  it('warns at the fourth, refuses the sixth, refuses all from the fault on, and admits again after it', async () => {
    const { guard, clock } = service('wolf-2025-11-05', SPEED);
    const until = async (moment: string) => {
      while (clock.time < moment) await sleep(5);
    };
    const told: string[] = [];
    guard.on('warning', ({ sessions }) => told.push(`warning at ${sessions}`));
    guard.on('breaker', ({ state, fault }) => {
      told.push(`${state}: ${fault?.id ?? 'well'}`);
      times[state] ??= clock.time;
    });
    const times: Record<string, string> = {};
    const leases: Lease[] = [];
    const asked: string[] = [];
    const lobby = async (id: string) => asked.push(`${id}: ${await ask(guard, id, leases)}`);

    for (const id of ['1', '2', '3']) await lobby(id);
    await until('12:22:30');
    expect(told).toEqual([]);
    await lobby('4');
    expect(told).toEqual(['warning at 4']);
    await until('12:25:00');
    await lobby('5');
    await until('12:27:00');
    await lobby('6');
    await until('12:30:00');
    // There is room for one, and no GPU for it.
    await leases[0]?.release();
    await lobby('one more');
    await until('12:35:00');
    await lobby('7');
    expect(guard.status()).toMatchObject({ accepting: false, sessions: { count: 4 } });
    await until('12:52:15');
    while (guard.status().breaker.state !== 'closed') await sleep(5);
    await lobby('after it');

    expect(asked).toEqual([
      '1: admitted',
      '2: admitted',
      '3: admitted',
      '4: admitted',
      '5: admitted',
      '6: sessions',
      'one more: health',
      '7: health',
      'after it: admitted',
    ]);
    expect(told.at(0)).toBe('warning at 4');
    expect(told.at(1)).toBe('open: device-access-revoked');
    expect(told.at(-1)).toBe('closed: well');
    expect(told.filter((line) => line.startsWith('open'))).toHaveLength(1);
    // Minutes before the seventh lobby took the container with it, and not before there was anything to see.
    expect(times.open).toMatch(/^12:(28:[3-5]|29|3[0-4])/);
    expect(times.closed).toMatch(/^12:5[2-9]|^13:/);
  });
});

describe('a day on which nothing is wrong', () => {
  it('nobody is refused for whom there is room', async () => {
    const { gpu, guard } = service('healthy', 60);
    const told: string[] = [];
    guard.on('breaker', ({ state }) => told.push(state));
    guard.on('refused', ({ error }) => told.push(error.message));
    let canaries = 0;
    gpu.on('report', ({ report }) => {
      if (report.parts.canary !== last) canaries += 1;
      last = report.parts.canary;
    });
    let last: string | null = null;
    for (let i = 0; canaries < 10; i++) {
      const leases = await Promise.all([1, 2, 3, 4, 5].map((n) => guard.acquire({ id: `${i}.${n}` })));
      await sleep(10);
      for (const lease of leases) await lease.release();
    }
    expect(told).toEqual([]);
    expect(guard.status()).toMatchObject({
      accepting: true,
      breaker: { state: 'closed' },
      monitoring: { dark: null },
    });
  });
});
