import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { GpuProbeError } from '../../lib/errors.js';
import { createGuard } from '../../lib/guard/create-guard.js';
import { systemProcesses } from '../../lib/guard/processes.js';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import { FAULT, World } from './world.js';

/** Refusals that pass by themselves, and what a guard does so that they do. */

const refusal = (promise: Promise<unknown>): Promise<GpuProbeError> =>
  promise.then(
    () => expect.unreachable('it was admitted'),
    (error) => error as GpuProbeError,
  );

describe('a suspended GPU', () => {
  const suspend = () => {
    const world = new World({ maxSessions: 5, maxCanaryAgeMs: 4000 });
    world.nowMs += 60_000;
    world.health.set({ suspended: true, readingsAtMs: world.nowMs });
    let wakes = 0;
    world.health.onWake = () => {
      wakes += 1;
      world.health.set({ wellAtMs: world.nowMs });
    };
    return { world, wakes: () => wakes };
  };

  it('is woken for one canary by whoever asks for a place', async () => {
    const { world, wakes } = suspend();
    expect(world.guard.status().accepting).toBe(true);
    expect(wakes()).toBe(0);
    await world.guard.acquire({ id: 'a' });
    await world.guard.acquire({ id: 'b' });
    expect(wakes()).toBe(1);
  });

  it('that is sick when it is woken takes nobody', async () => {
    const { world } = suspend();
    world.health.onWake = () => world.health.set({ fault: FAULT });
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({ limit: 'health' });
    expect(world.guard.status().accepting).toBe(false);
  });

  it('is not woken where a limit refuses, or where the canary is merely old', async () => {
    const { world, wakes } = suspend();
    world.health.set({ suspended: false });
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({ limit: 'canary-age' });
    const full = new World({ maxSessions: 1 });
    await full.guard.acquire({ id: 'a' });
    full.health.set({ suspended: true });
    full.health.onWake = () => expect.unreachable('it was woken');
    expect(await refusal(full.guard.acquire({ id: 'b' }))).toMatchObject({ limit: 'sessions' });
    expect(wakes()).toBe(0);
  });
});

describe('a suspended GPU of a real monitor', () => {
  it('asleep from the start admits, and goes on to after the canary has grown old', async () => {
    const asleep = new URL('scenarios/asleep.json', import.meta.url).pathname;
    await using gpu = createGpuProbe({ simulate: asleep, logger: false, ttlMs: 100, canaryIntervalMs: 200 });
    await using guard = createGuard(gpu, { maxSessions: 3, maxCanaryAgeMs: 300 });
    await gpu.check();
    for (const id of ['a', 'b', 'c']) {
      await guard.acquire({ id });
      const { canary } = gpu.latest();
      expect(canary.outcomes.map(({ outcome }) => outcome)).toContain('ok');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    // Looks alone leave it suspended.
    expect(gpu.latest().report?.checks.some(({ name }) => name === 'GPU_ASLEEP')).toBe(true);
  });
});

describe('a session whose processes have ended', () => {
  it('makes room at once when NVML’s lists, read now, show it no more', async () => {
    const world = new World({ maxSessions: 1, releaseTimeoutMs: 15_000 });
    const pid = world.processes.start();
    const lease = await world.guard.acquire({ id: 'a', pids: [pid] });
    world.list({ pid, usedBytes: 1e9 });
    world.nowMs += 1;
    world.processes.end(pid);
    world.health.onReadLists = () => world.list();
    const released = lease.release();
    await world.guard.acquire({ id: 'b' });
    expect(await released).toMatchObject({ released: true });
  });

  it('still counts while NVML lists it, and the refusal says that it passes', async () => {
    const world = new World({ maxSessions: 1, releaseTimeoutMs: 0 });
    const pid = world.processes.start();
    const lease = await world.guard.acquire({ id: 'a', pids: [pid] });
    world.processes.end(pid);
    world.nowMs += 1;
    world.list({ pid, usedBytes: 1e9 });
    expect(await lease.release()).toMatchObject({ released: false });
    const error = await refusal(world.guard.acquire({ id: 'b' }));
    expect(error).toMatchObject({ limit: 'sessions', retryAfterMs: 1000, longestIdle: undefined });
    expect(error.message).not.toContain('close');
  });

  it.skipIf(!systemProcesses().hostPids)('makes room within a real monitor’s next reading', async () => {
    await using gpu = createGpuProbe({ simulate: 'healthy', logger: false, listsIntervalMs: 60_000 });
    await using guard = createGuard(gpu, { maxSessions: 1 });
    const child = spawn('sleep', ['60']);
    const lease = await guard.acquire({ id: 'a', pids: [child.pid as number] });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const released = lease.release();
    await guard.acquire({ id: 'b' });
    expect(await released).toMatchObject({ released: true });
  });
});

describe('retryAfterMs', () => {
  it('is when the monitor’s next canary has answered', async () => {
    const world = new World({ maxSessions: 5 });
    world.health.set({ fault: FAULT, nextCanaryMs: world.nowMs + 17_500 });
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({ retryAfterMs: 17_500 });
    expect(world.guard.status().breaker.retryAfterMs).toBe(17_500);
    world.nowMs += 17_000;
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({ retryAfterMs: 1000 });
  });

  it('of a real monitor grows as it asks a sick driver less and less often', async () => {
    const options = { intervalMs: 50, canaryIntervalMs: 60_000, maxBackoffMs: 600_000, deadlineMs: 100 };
    await using gpu = createGpuProbe({ simulate: 'hang-cuda-context', logger: false, ...options });
    await using guard = createGuard(gpu, { maxSessions: 5 });
    const error = await refusal(guard.acquire({ id: 'a' }));
    const { canary } = gpu.latest();
    // Two intervals after the first trouble, and as long as the canaries took.
    expect(error.retryAfterMs).toBeGreaterThan(options.canaryIntervalMs);
    expect(canary.nextInMs).toBeGreaterThan(options.canaryIntervalMs);
  });
});

describe('what a caller gives', () => {
  it.each([
    ['data that is too long', { id: 'a', data: `PIN 4711 ${'x'.repeat(1100)}` }],
    ['data of another type', { id: 'a', data: { pin: 'PIN 4711' } }],
    ['an id that is too long', { id: `PIN 4711 ${'x'.repeat(300)}` }],
  ])('%s is refused without repeating it', async (_, request) => {
    const world = new World({ maxSessions: 1 });
    const error = await refusal(world.guard.acquire(request as { id: string }));
    expect(error).toMatchObject({ code: 'ERR_GPUPROBE_INVALID_OPTION' });
    expect(error.message).not.toContain('4711');
    expect(error.message.length).toBeLessThan(200);
  });
});
