import { describe, expect, it } from 'vitest';
import type { Lease } from '../../lib/guard/sessions/lease.js';
import { Model, type ModelLease } from './model.js';
import { Random } from './random.js';
import { FAULT, World } from './world.js';

const LIMIT = 5;
const RUNS = 200;
const STEPS = 500;
const IDS = Array.from({ length: 12 }, (_, i) => `s${i}`);

/** One random machine, its guard, and the model of what must count. */
class Walk {
  readonly #random: Random;
  readonly #world = new World({ maxSessions: LIMIT });
  readonly #model = new Model(this.#world.processes);
  readonly #handles = new Map<ModelLease, Lease>();
  readonly seen = new Set<string>();

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  async step(): Promise<void> {
    const steps = [
      () => this.#acquire(),
      () => this.#acquire(),
      () => this.#acquire(),
      () => this.#release(),
      () => this.#release(),
      () => this.#touch(),
      () => this.#attach(),
      () => this.#sessionEnds(),
      () => this.#sessionEnds(),
      () => this.#ownerDies(),
      () => this.#reconcile(),
      () => this.#canary(),
      () => this.#monitoring(),
      () => this.#ghostsGo(),
      () => this.#verify(),
    ];
    await this.#random.of(steps)?.();
    this.#world.pass(this.#random.below(2000));
    this.#listGhosts();
    this.#world.turn();
    this.#compare();
  }

  /** In the end everything has ended, and every place is there again. */
  async drain(): Promise<void> {
    for (const { pids, owner } of this.#model.leases) {
      for (const pid of [...pids, ...(owner === undefined ? [] : [owner])]) this.#world.processes.end(pid);
    }
    for (const handle of this.#handles.values()) await handle.release();
    this.#model.ghosts.clear();
    this.#setFault(false);
    this.#setDark(false);
    await this.#world.guard.reconcile([]);
    expect(this.#world.guard.leases()).toEqual([]);
    for (let i = 0; i < LIMIT; i++) await this.#world.guard.acquire({ id: `last ${i}` });
    await expect(this.#world.guard.acquire({ id: 'one more' })).rejects.toMatchObject({ limit: 'sessions' });
    await this.#world.guard.close();
  }

  async #acquire(): Promise<void> {
    const { processes, guard } = this.#world;
    const id = this.#random.of(IDS) ?? '';
    const pids = Array.from({ length: this.#random.below(3) }, () => processes.start());
    const owner = this.#random.chance(0.5) ? processes.start() : undefined;
    this.#model.settle();
    const running = this.#model.running(id);
    const expected = this.#expected(running);
    const got = await guard
      .acquire({ id, pids, ...(owner === undefined ? {} : { owner }) })
      .then((lease) => ({ lease, outcome: 'admitted' }))
      .catch((error) => ({ lease: null, outcome: error.limit ?? error.code }));
    expect(got.outcome).toBe(expected);
    this.seen.add(`acquire ${got.outcome}`);
    if (got.lease === null) return;
    if (running !== undefined) {
      this.seen.add('taken over');
      this.#handles.delete(running);
      this.#model.leases = this.#model.leases.filter((lease) => lease !== running);
    } else expect(this.#model.leases.length).toBeLessThan(LIMIT);
    const lease: ModelLease = { id, state: 'active', owner, pids: [...(running?.pids ?? []), ...pids] };
    this.#model.leases.push(lease);
    this.#handles.set(lease, got.lease);
  }

  #expected(running: ModelLease | undefined): string {
    if (running?.state === 'orphaned') return 'admitted';
    if (running !== undefined) return 'ERR_GPUPROBE_LEASE_HELD';
    if (this.#model.fault) return 'health';
    return this.#model.leases.length < LIMIT ? 'admitted' : 'sessions';
  }

  async #release(): Promise<void> {
    this.#model.settle();
    const lease = this.#random.of(this.#model.leases.filter((one) => this.#handles.has(one)));
    if (lease === undefined) return;
    const result = await this.#handles.get(lease)?.release();
    // A second call for one that leaks looks again, as its handle is kept.
    const expected = this.#model.end(lease);
    expect(result?.released).toBe(expected);
    this.seen.add(`released ${expected}`);
    if (expected !== false) this.#handles.delete(lease);
  }

  #touch(): void {
    this.#handles.get(this.#random.of(this.#model.leases) as ModelLease)?.touch();
  }

  async #attach(): Promise<void> {
    this.#model.settle();
    const lease = this.#random.of(this.#model.leases.filter((one) => this.#handles.has(one)));
    if (lease === undefined || lease.pids.length > 8) return;
    const pid = this.#world.processes.start();
    await this.#handles.get(lease)?.attach([pid]);
    lease.pids.push(pid);
  }

  #sessionEnds(): void {
    for (const pid of this.#random.of(this.#model.leases)?.pids ?? []) {
      if (this.#random.chance(0.8)) this.#world.processes.end(pid);
      if (this.#random.chance(0.1) && !this.#world.processes.isRunning(pid)) this.#model.ghosts.add(pid);
    }
  }

  #ownerDies(): void {
    const { owner } = this.#random.of(this.#model.leases) ?? {};
    if (owner !== undefined) this.#world.processes.end(owner);
  }

  async #reconcile(): Promise<void> {
    this.#model.settle();
    const active = IDS.filter((id) =>
      this.#model.leases.some((lease) => lease.id === id)
        ? this.#random.chance(0.6)
        : this.#random.chance(0.02),
    );
    const known = new Set(this.#model.leases.map(({ id }) => id));
    const done = await this.#world.guard.reconcile(active);
    for (const lease of [...this.#model.leases]) {
      if (!active.includes(lease.id) && lease.state !== 'active') this.#model.end(lease);
    }
    const entered = active.filter((id) => !known.has(id));
    expect(done.entered).toEqual(entered);
    for (const id of entered) this.#model.leases.push({ id, state: 'orphaned', pids: [], owner: undefined });
    for (const what of ['freed', 'leaking', 'entered', 'unlisted'] as const) {
      if (done[what].length > 0) this.seen.add(`reconcile ${what}`);
    }
  }

  #canary(): void {
    this.#setFault(!this.#model.fault && this.#random.chance(0.5));
  }

  #monitoring(): void {
    this.#setDark(!this.#model.dark && this.#random.chance(0.5));
  }

  #ghostsGo(): void {
    this.#model.ghosts.clear();
  }

  async #verify(): Promise<void> {
    this.#model.settle();
    await this.#world.guard.verify();
    this.#model.verify();
  }

  #setFault(fault: boolean): void {
    this.#model.fault = fault;
    this.#world.health.set({ fault: fault ? FAULT : null });
    this.#world.nowMs += 1;
    this.#world.pass(0);
  }

  #setDark(dark: boolean): void {
    this.#model.dark = dark;
    this.#world.health.set({ dark: dark ? 'NVML is dark' : null });
    this.#world.pass(0);
    this.#listGhosts();
  }

  #listGhosts(): void {
    if (!this.#model.dark) this.#world.list(...[...this.#model.ghosts].map((pid) => ({ pid, usedBytes: 1 })));
  }

  #compare(): void {
    this.#model.settle();
    const key = ({ id, state }: { id: string; state: string }) => `${id} ${state}`;
    expect(this.#world.guard.leases().map(key).sort()).toEqual(this.#model.leases.map(key).sort());
  }
}

describe(`${RUNS * STEPS} random steps`, () => {
  it('never admit more than the limit, and lose no place for good', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= RUNS; seed++) {
      const walk = new Walk(seed);
      for (let step = 1; step <= STEPS; step++) {
        await walk.step().catch((error) => {
          throw new Error(`seed ${seed}, step ${step}: ${error.message}`, { cause: error });
        });
      }
      await walk.drain().catch((error) => {
        throw new Error(`seed ${seed}, at the end: ${error.message}`, { cause: error });
      });
      for (const what of walk.seen) seen.add(what);
    }
    // A walk that never comes anywhere would find nothing.
    expect([...seen].sort()).toEqual([
      'acquire ERR_GPUPROBE_LEASE_HELD',
      'acquire admitted',
      'acquire health',
      'acquire sessions',
      'reconcile entered',
      'reconcile freed',
      'reconcile leaking',
      'reconcile unlisted',
      'released false',
      'released null',
      'released true',
      'taken over',
    ]);
  });
});
