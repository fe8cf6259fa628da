import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { GpuProbeError } from '../../lib/errors.js';
import { resolveGuardOptions } from '../../lib/guard/options.js';
import { FAULT, World } from './world.js';

const GIB = 2 ** 30;
const refusal = (promise: Promise<unknown>): Promise<GpuProbeError> =>
  promise.then(
    () => expect.unreachable('it was admitted'),
    (error) => error as GpuProbeError,
  );

describe('sessions', () => {
  it('are admitted up to the limit, and the next is refused in words for its user', async () => {
    const world = new World({ maxSessions: 5, helpUrl: 'https://example.org/sessions' });
    for (let i = 1; i <= 5; i++) {
      await world.guard.acquire({ id: `s${i}` });
      world.pass(1000);
    }
    const error = await refusal(world.guard.acquire({ id: 's6' }));
    expect(error).toMatchObject({
      code: 'ERR_GPUPROBE_LIMIT',
      limit: 'sessions',
      message:
        'GPU resource limit reached (5/5 sessions active). Please close an unused session and try again.',
      helpUrl: 'https://example.org/sessions',
      longestIdle: { id: 's1', idleMs: 5000 },
      retryAfterMs: undefined,
    });
  });

  it('that ask at once are no more than the limit, the first ones first', async () => {
    const world = new World({ maxSessions: 3 });
    const all = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => world.guard.acquire({ id: `${i}` })),
    );
    expect(all.map(({ status }) => status).slice(0, 4)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('wait for the first look, and are no more than the limit then either', async () => {
    const world = new World({ maxSessions: 1 });
    world.health.set({ looked: false });
    const all = await Promise.allSettled(['a', 'b'].map((id) => world.guard.acquire({ id })));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(world.health.looks).toBeGreaterThan(0);
  });

  it('of an id that is held are refused, and of one that is an orphan taken over', async () => {
    const world = new World({ maxSessions: 1 });
    const owner = world.processes.start();
    const first = await world.guard.acquire({ id: 'a', owner });
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({
      code: 'ERR_GPUPROBE_LEASE_HELD',
    });
    world.processes.end(owner);
    const second = await world.guard.acquire({ id: 'a' });
    expect(world.guard.leases()).toMatchObject([{ id: 'a', state: 'active', owner: 1 }]);
    await first.release();
    expect(world.guard.leases()).toHaveLength(1);
    await second.release();
    expect(world.guard.leases()).toHaveLength(0);
  });
});

describe('a listener', () => {
  it('for an event that there is not is refused', () => {
    const world = new World({ maxSessions: 1 });
    expect(() => world.guard.on('warnings' as 'warning', () => {})).toThrow(
      /no event is called "warnings"; there are warning/,
    );
  });
});

describe('the warning', () => {
  it('comes exactly when the count goes over the threshold, and again after it was below', async () => {
    const world = new World({ maxSessions: 5, warnAt: 4 });
    const told: number[] = [];
    world.guard.on('warning', ({ sessions }) => told.push(sessions));
    const leases = [];
    for (let i = 1; i <= 5; i++) leases.push(await world.guard.acquire({ id: `${i}` }));
    expect(told).toEqual([4]);
    await leases[4]?.release();
    await world.guard.acquire({ id: '6' });
    expect(told).toEqual([4]);
    for (const lease of leases.slice(2, 4)) await lease.release();
    await world.guard.acquire({ id: '7' });
    expect(told).toEqual([4, 4]);
    expect(world.guard.status().sessions).toMatchObject({ count: 4, warning: true });
  });

  it('of a listener that throws does not keep a session out', async () => {
    const world = new World({ maxSessions: 2, warnAt: 1 });
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    world.guard.on('warning', () => {
      throw new Error('of a listener');
    });
    world.guard.on('admitted', () => {
      throw new Error('of another');
    });
    await world.guard.acquire({ id: 'a' });
    await sleep(1);
    process.off('warning', listen);
    expect(world.guard.leases()).toHaveLength(1);
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('of another'),
      expect.stringContaining('of a listener'),
    ]);
  });
});

describe('memory', () => {
  it('that is reserved and not yet used counts as used', async () => {
    const world = new World({ maxSessions: 9, minFreeBytes: GIB });
    world.health.set({ freeBytes: 10 * GIB });
    await world.guard.acquire({ id: 'a', expectBytes: 4 * GIB });
    await world.guard.acquire({ id: 'b', expectBytes: 4 * GIB });
    expect(await refusal(world.guard.acquire({ id: 'c', expectBytes: 2 * GIB }))).toMatchObject({
      code: 'ERR_GPUPROBE_LIMIT',
      limit: 'memory',
      message: expect.stringContaining('GPU memory limit reached (2.0 GiB free, 3.0 GiB needed)'),
    });
    await world.guard.acquire({ id: 'd', expectBytes: GIB });
  });

  it('that NVML shows for its processes is not counted twice', async () => {
    const world = new World({ maxSessions: 9 });
    const pid = world.processes.start();
    world.health.set({ freeBytes: 8 * GIB });
    await world.guard.acquire({ id: 'a', expectBytes: 4 * GIB, pids: [pid] });
    world.health.set({ freeBytes: 5 * GIB });
    world.list({ pid, usedBytes: 3 * GIB });
    expect(await refusal(world.guard.acquire({ id: 'b', expectBytes: 5 * GIB }))).toMatchObject({
      limit: 'memory',
    });
    await world.guard.acquire({ id: 'c', expectBytes: 4 * GIB });
  });

  it('of a container, where nobody can tell whose it is, is taken to be used after a while', async () => {
    const world = new World({ maxSessions: 9 });
    world.processes.hostPids = false;
    world.health.set({ freeBytes: 8 * GIB });
    await world.guard.acquire({ id: 'a', expectBytes: 4 * GIB, pids: [world.processes.start()] });
    expect(await refusal(world.guard.acquire({ id: 'b', expectBytes: 5 * GIB }))).toMatchObject({
      limit: 'memory',
    });
    world.pass(31_000);
    await world.guard.acquire({ id: 'c', expectBytes: 5 * GIB });
  });

  it('is no limit while NVML is dark, the sessions still are, and both are said', async () => {
    const world = new World({ maxSessions: 1, minFreeBytes: 64 * GIB, maxEncoderSessions: 1 });
    expect(world.guard.status().refusal).toMatchObject({ limit: 'memory' });
    world.health.set({ dark: 'nvml.init (fresh): 999 NVML_ERROR_UNKNOWN' });
    await world.guard.acquire({ id: 'a' });
    const error = await refusal(world.guard.acquire({ id: 'b' }));
    expect(error).toMatchObject({
      limit: 'sessions',
      message: expect.stringMatching(/monitoring is not available/),
    });
    expect(world.guard.status().monitoring.dark).toMatch(/NVML_ERROR_UNKNOWN/);
  });
});

describe('encoder sessions', () => {
  it('are counted with those that are about to come', async () => {
    const world = new World({ maxSessions: 9, maxEncoderSessions: 4 });
    world.health.set({ encoderSessions: 2 });
    const pid = world.processes.start();
    await world.guard.acquire({ id: 'a', pids: [pid] });
    await world.guard.acquire({ id: 'b' });
    expect(await refusal(world.guard.acquire({ id: 'c' }))).toMatchObject({
      limit: 'encoder-sessions',
      message: expect.stringContaining('(4/4 encoder sessions in use)'),
    });
    world.health.set({ encoderSessions: 2, encoderPids: [pid, 77] });
    await world.guard.acquire({ id: 'd' });
  });
});

describe('health', () => {
  it('refuses from the first fault until a canary after it was well', async () => {
    const world = new World({ maxSessions: 5 });
    const states: string[] = [];
    world.guard.on('breaker', ({ state, fault }) => states.push(`${state} ${fault?.id ?? ''}`.trim()));
    await world.guard.acquire({ id: 'a' });
    world.health.set({ fault: FAULT });
    const error = await refusal(world.guard.acquire({ id: 'b' }));
    expect(error).toMatchObject({
      code: 'ERR_GPUPROBE_UNHEALTHY',
      limit: 'health',
      message: expect.stringContaining('(cuda-context-refused)'),
      cause: expect.objectContaining({ message: FAULT.summary }),
    });
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(1000);
    world.nowMs += 5000;
    world.health.set({ fault: null });
    expect(await refusal(world.guard.acquire({ id: 'c' }))).toMatchObject({ limit: 'health' });
    world.pass(1000);
    await world.guard.acquire({ id: 'd' });
    expect(states).toEqual(['open cuda-context-refused', 'half-open cuda-context-refused', 'closed']);
  });

  it('is not taken for granted when nobody has looked for long, or ever', async () => {
    const world = new World({ maxSessions: 5, maxCanaryAgeMs: 60_000 });
    world.nowMs += 60_001;
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({
      code: 'ERR_GPUPROBE_UNHEALTHY',
      limit: 'canary-age',
      message: expect.stringContaining('60 s ago'),
    });
    world.health.set({ wellAtMs: null });
    expect(await refusal(world.guard.acquire({ id: 'a' }))).toMatchObject({
      message: expect.stringContaining('not yet seen one start'),
    });
  });

  it('of a full house is not what a user is told to close a session for', async () => {
    const world = new World({ maxSessions: 1 });
    await world.guard.acquire({ id: 'a' });
    world.health.set({ fault: FAULT });
    expect(await refusal(world.guard.acquire({ id: 'b' }))).toMatchObject({
      limit: 'health',
      longestIdle: undefined,
    });
  });
});

describe('idleness', () => {
  it('is counted from the last sign of life, and the longest comes first', async () => {
    const world = new World({ maxSessions: 3 });
    const a = await world.guard.acquire({ id: 'a' });
    world.pass(1000);
    await world.guard.acquire({ id: 'b' });
    world.pass(1000);
    a.touch();
    world.pass(500);
    expect(world.guard.leases().map(({ id, idleMs }) => [id, idleMs])).toEqual([
      ['b', 1500],
      ['a', 500],
    ]);
  });

  it('makes nobody leave, unless the service says so', async () => {
    const asked: string[] = [];
    const held = new Map<string, { release(): Promise<unknown> }>();
    const world = new World({
      maxSessions: 2,
      async evict({ id }) {
        asked.push(id);
        await held.get(id)?.release();
        return id === 'a';
      },
    });
    for (const id of ['a', 'b']) {
      held.set(id, await world.guard.acquire({ id }));
      world.pass(1000);
    }
    await world.guard.acquire({ id: 'c' });
    expect(asked).toEqual(['a']);
    expect(world.guard.leases().map(({ id }) => id)).toEqual(['b', 'c']);
    held.clear();
    expect(await refusal(world.guard.acquire({ id: 'd' }))).toMatchObject({ limit: 'sessions' });
    expect(world.guard.counters()).toMatchObject({ evicted: 1, admitted: 3 });
  });
});

describe('what cannot be meant', () => {
  it.each([
    [{}, /maxSessions must be an integer from 1 to 1000/],
    [{ maxSessions: 0 }, /maxSessions/],
    [{ maxSessions: 5, warnAt: 6 }, /warnAt must be at most maxSessions/],
    [{ maxSessions: 5, limit: 3 }, /unknown option limit/],
    [null, /must be an object/],
  ])('%j is refused with what is allowed', (options, message) => {
    expect(() => resolveGuardOptions(options as never)).toThrow(message);
  });

  it.each([
    [{}, /id must be/],
    [{ id: '' }, /id must be/],
    [{ id: 'x'.repeat(257) }, /id must be/],
    [{ id: 'a', pids: [0] }, /pids must be/],
    [{ id: 'a', owner: 4_000_000 }, /no process 4000000/],
    [{ id: 'a', expectBytes: -1 }, /expectBytes must be/],
  ])('acquire(%j) is refused, and takes no place', async (request, message) => {
    const world = new World({ maxSessions: 1 });
    const error = await refusal(world.guard.acquire(request as never));
    expect(error.code).toBe('ERR_GPUPROBE_INVALID_OPTION');
    expect(error.message).toMatch(message);
    expect(world.guard.leases()).toEqual([]);
  });

  it('a closed guard is closed, and a lease that has ended takes no more pids', async () => {
    const world = new World({ maxSessions: 1 });
    const lease = await world.guard.acquire({ id: 'a' });
    await lease.release();
    expect(await refusal(lease.attach([1]))).toMatchObject({ code: 'ERR_GPUPROBE_LEASE_ENDED' });
    await world.guard.close();
    expect(await refusal(world.guard.acquire({ id: 'b' }))).toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' });
  });
});
