import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { fileStore } from '../../lib/guard/ledger/file-store.js';
import type { Lease } from '../../lib/guard/sessions/lease.js';
import { FakeProcesses, World } from './world.js';

/**
 * The clean-up of the day in the scenario `wolf-2025-11-05`, bug by bug. `Naive` does what the service did then; each test shows that it loses count
 * there, and that the guard does not: every expectation about `Naive` is the bug itself.
 */
const LIMIT = 5;

/** What really runs, whoever counts it. */
class Lobbies {
  readonly processes = new FakeProcesses();
  readonly running = new Map<string, number>();

  create(id: string): number {
    const pid = this.processes.start();
    this.running.set(id, pid);
    return pid;
  }

  stop(id: string): void {
    this.processes.end(this.running.get(id) ?? 0);
    this.running.delete(id);
  }

  get pids(): number[] {
    return [...this.running.values()];
  }
}

class Naive {
  readonly database = new Set<string>();
  readonly log: string[] = [];
  readonly #lobbies: Lobbies;

  constructor(lobbies: Lobbies) {
    this.#lobbies = lobbies;
  }

  /** Lists, compares, creates: with time in between. */
  async create(id: string): Promise<boolean> {
    const count = await Promise.resolve(this.database.size);
    if (count >= LIMIT) return false;
    await Promise.resolve(this.#lobbies.create(id));
    this.database.add(id);
    return true;
  }

  /** `Failed to stop idle Zed agent error="session not found in database"`, and the next line all the same. */
  cleanUp(id: string): void {
    try {
      if (!this.database.has(id)) throw new Error('session not found in database');
      this.#lobbies.stop(id);
    } catch (error) {
      this.log.push(String(error));
    }
    this.database.delete(id);
    this.log.push('External agent terminated successfully');
  }
}

async function fill(world: World, lobbies: Lobbies): Promise<Map<string, Lease>> {
  const leases = new Map<string, Lease>();
  for (let i = 1; i <= LIMIT; i++) {
    const lease = await world.guard.acquire({ id: `lobby ${i}` });
    await lease.attach([lobbies.create(lease.id)]);
    leases.set(lease.id, lease);
  }
  return leases;
}

const guardOf = (lobbies: Lobbies) => new World({ maxSessions: LIMIT }, undefined, lobbies.processes);
const refused = (world: World) =>
  world.guard.acquire({ id: 'the next' }).then(
    () => false,
    (error) => error.limit === 'sessions',
  );

describe('a session that was deleted before it was stopped', () => {
  it('is "terminated successfully" and runs on; with the guard it is named as running, and counts', async () => {
    const lobbies = new Lobbies();
    const naive = new Naive(lobbies);
    for (let i = 1; i <= LIMIT; i++) await naive.create(`lobby ${i}`);
    naive.database.delete('lobby 1');
    naive.cleanUp('lobby 1');
    expect(naive.log.at(-1)).toBe('External agent terminated successfully');
    expect(lobbies.running.has('lobby 1')).toBe(true);
    expect(await naive.create('the sixth')).toBe(true);
    expect(lobbies.running.size).toBe(LIMIT + 1);

    const own = new Lobbies();
    const world = guardOf(own);
    const leases = await fill(world, own);
    const told: number[][] = [];
    world.guard.on('leaking', ({ survivors }) => told.push(survivors));
    // The service's own clean-up has failed as before, and says that it is done.
    world.list({ pid: own.running.get('lobby 1') ?? 0, usedBytes: 2 ** 28 });
    const result = await leases.get('lobby 1')?.release();
    expect(result).toEqual({
      released: false,
      leakedBytes: 2 ** 28,
      survivors: [own.running.get('lobby 1')],
    });
    expect(told).toEqual([[own.running.get('lobby 1')]]);
    expect(await refused(world)).toBe(true);
    // Whoever ends it then, the place is there again.
    own.stop('lobby 1');
    world.pass(1000);
    world.list();
    expect(await refused(world)).toBe(false);
  });
});

describe('a session whose record is gone', () => {
  it('can still be ended: its lease keeps what that takes, for whoever looks after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-cleanup-'));
    const own = new Lobbies();
    const start = () =>
      new World({ maxSessions: LIMIT }, fileStore(join(folder, 'guard'), 1000), own.processes);
    const first = start();
    const lease = await first.guard.acquire({ id: 'session 1', data: 'not known yet' });
    await lease.attach([own.create('lobby 4711')]);
    await lease.keep('lobby 4711');
    await first.guard.close();
    // The database has forgotten it, and so has the service, which was restarted.
    const second = start();
    const { leaking } = await second.guard.reconcile([]);
    expect(leaking).toEqual(['session 1']);
    const [left] = second.guard.leases();
    expect(left).toMatchObject({ id: 'session 1', state: 'leaking', data: 'lobby 4711' });
    own.stop(left?.data ?? '');
    await second.guard.reconcile([]);
    expect(second.guard.leases()).toEqual([]);
    await expect(lease.keep('x'.repeat(1025))).rejects.toMatchObject({ code: 'ERR_GPUPROBE_INVALID_OPTION' });
    await second.guard.close();
    rmSync(folder, { recursive: true });
  });
});

describe('a project that is deleted with all its sessions', () => {
  it('leaves no rows to count, and lobbies that run; with the guard they count', async () => {
    const lobbies = new Lobbies();
    const naive = new Naive(lobbies);
    for (let i = 1; i <= LIMIT; i++) await naive.create(`lobby ${i}`);
    naive.database.clear();
    for (let i = 1; i <= LIMIT; i++) expect(await naive.create(`more ${i}`)).toBe(true);
    expect(lobbies.running.size).toBe(2 * LIMIT);

    const own = new Lobbies();
    const world = guardOf(own);
    await fill(world, own);
    // What the database says now.
    const { unlisted } = await world.guard.reconcile([]);
    expect(unlisted).toHaveLength(LIMIT);
    expect(await refused(world)).toBe(true);
  });

  it('whose owner has ended too is told as leaking, and not as freed', async () => {
    const own = new Lobbies();
    const world = guardOf(own);
    const owner = own.processes.start();
    for (let i = 1; i <= LIMIT; i++) {
      const lease = await world.guard.acquire({ id: `lobby ${i}`, owner });
      await lease.attach([own.create(lease.id)]);
    }
    own.processes.end(owner);
    const { leaking, freed } = await world.guard.reconcile([]);
    expect([leaking.length, freed.length]).toEqual([LIMIT, 0]);
    expect(await refused(world)).toBe(true);
    for (let i = 1; i <= LIMIT; i++) own.stop(`lobby ${i}`);
    expect(await refused(world)).toBe(false);
  });
});

describe('a service that is restarted', () => {
  let folder = '';
  afterEach(() => rmSync(folder, { recursive: true }));

  it('counts from nothing while everything runs on; with a file the guard goes on counting', async () => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-cleanup-'));
    const lobbies = new Lobbies();
    const before = new Naive(lobbies);
    for (let i = 1; i <= LIMIT; i++) await before.create(`lobby ${i}`);
    const after = new Naive(lobbies);
    expect(await after.create('the sixth')).toBe(true);

    const own = new Lobbies();
    const start = () =>
      new World({ maxSessions: LIMIT }, fileStore(join(folder, 'guard'), 1000), own.processes);
    const first = start();
    await fill(first, own);
    await first.guard.close();
    const second = start();
    expect(await refused(second)).toBe(true);
    // It takes over what it knows of, and can end it.
    const lease = await second.guard.acquire({ id: 'lobby 3' });
    own.stop('lobby 3');
    expect(await lease.release()).toMatchObject({ released: true });
    await second.guard.close();
  });

  it('without a file enters what its own truth lists', async () => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-cleanup-'));
    const own = new Lobbies();
    const world = guardOf(own);
    const { entered } = await world.guard.reconcile(['lobby 1', 'lobby 2', 'lobby 3', 'lobby 4', 'lobby 5']);
    expect(entered).toHaveLength(LIMIT);
    expect(await refused(world)).toBe(true);
    await world.guard.reconcile(['lobby 1']);
    expect(await refused(world)).toBe(false);
  });
});

describe('two requests at once', () => {
  it('both find room for one; with the guard one of them does', async () => {
    const lobbies = new Lobbies();
    const naive = new Naive(lobbies);
    for (let i = 1; i < LIMIT; i++) await naive.create(`lobby ${i}`);
    expect(await Promise.all([naive.create('one'), naive.create('other')])).toEqual([true, true]);
    expect(lobbies.running.size).toBe(LIMIT + 1);

    const world = guardOf(new Lobbies());
    for (let i = 1; i < LIMIT; i++) await world.guard.acquire({ id: `lobby ${i}` });
    const both = await Promise.allSettled(['one', 'other'].map((id) => world.guard.acquire({ id })));
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a monitoring that has died', () => {
  it('reads as a GPU with room; with the guard it is no reading, and the sessions count', async () => {
    // `encoder_sessions: 0, memory_used_mb: 0`, with six lobbies.
    const naiveHasRoom = (metrics: { usedBytes: number; encoderSessions: number }) =>
      metrics.usedBytes === 0 && metrics.encoderSessions < LIMIT;
    expect(naiveHasRoom({ usedBytes: 0, encoderSessions: 0 })).toBe(true);

    const own = new Lobbies();
    const world = guardOf(own);
    await fill(world, own);
    world.health.set({ dark: 'Failed to initialize NVML: Unknown Error', freeBytes: 0, encoderSessions: 0 });
    expect(await refused(world)).toBe(true);
    expect(world.guard.status()).toMatchObject({
      sessions: { count: LIMIT },
      monitoring: { dark: expect.stringContaining('Unknown Error') },
    });
  });
});

describe('a session of which nobody can tell', () => {
  it('is not said to have ended: it is null, an event, a number, and settled once it can be seen', async () => {
    const own = new Lobbies();
    const world = guardOf(own);
    const leases = await fill(world, own);
    const told: string[] = [];
    world.guard.on('unverified', ({ lease }) => told.push(lease.id));
    const lease = leases.get('lobby 2');
    const pid = own.running.get('lobby 2') ?? 0;
    world.health.set({ dark: 'NVML does not answer' });
    own.stop('lobby 2');
    expect(await lease?.release()).toEqual({ released: null, leakedBytes: null, survivors: [] });
    expect(told).toEqual(['lobby 2']);
    expect(world.guard.counters().released).toEqual({ verified: 0, leaking: 0, unverified: 1 });
    expect(world.guard.status().sessions.states['released-unverified']).toBe(1);
    // NVML answers again, and lists what has ended: the driver has not let go of it.
    world.health.set({ dark: null });
    world.pass(1);
    world.list({ pid, usedBytes: 300 });
    expect(await lease?.verify()).toEqual({ released: false, leakedBytes: 300, survivors: [pid] });
    expect(world.guard.status().sessions).toMatchObject({ count: LIMIT, states: { leaking: 1 } });
    world.list();
    expect(await lease?.verify()).toMatchObject({ released: true });
    expect(world.guard.status().sessions.count).toBe(LIMIT - 1);
  });

  it('is not ended by looking whether it has', async () => {
    const own = new Lobbies();
    const world = guardOf(own);
    const lease = await world.guard.acquire({ id: 'a' });
    expect(await lease.verify()).toMatchObject({ released: null });
    await world.guard.verify();
    expect(world.guard.status().sessions.count).toBe(1);
  });

  it('is not told by a list that is older than its end', async () => {
    const own = new Lobbies();
    const world = guardOf(own);
    const leases = await fill(world, own);
    // NVML was read when the lobby had not taken any memory yet.
    world.nowMs += 5000;
    own.stop('lobby 1');
    expect(await leases.get('lobby 1')?.release()).toMatchObject({ released: null });
    world.list();
    expect(await leases.get('lobby 1')?.verify()).toMatchObject({ released: true });
  });

  it('in a container is null, since NVML speaks of the host there; without pids it is too', async () => {
    const own = new Lobbies();
    own.processes.hostPids = false;
    const world = guardOf(own);
    const leases = await fill(world, own);
    own.stop('lobby 1');
    expect(await leases.get('lobby 1')?.release()).toMatchObject({ released: null });
    // What runs is seen all the same: by the kernel.
    expect(await leases.get('lobby 2')?.release()).toMatchObject({
      released: false,
      leakedBytes: null,
      survivors: [own.running.get('lobby 2')],
    });
    const bare = await world.guard.acquire({ id: 'bare' });
    expect(await bare.release()).toMatchObject({ released: null });
  });
});
