import { expect } from 'vitest';
import type { Lease } from '../../lib/guard/sessions/lease.js';
import { Model, type ModelLease } from './model.js';
import { FAULT, World } from './world.js';

const listed = (leases: readonly { id: string; state: string }[]) =>
  leases
    .map(({ id, state }) => `${id} ${state}`)
    .sort()
    .join();

/** A guard on a machine of its own, to which commands happen, and beside it the model of what must count. */
export class Machine {
  readonly world: World;
  readonly model: Model;
  readonly handles = new Map<ModelLease, Lease>();
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
    this.world = new World({ maxSessions: limit });
    this.model = new Model(this.world.processes);
  }

  setFault(fault: boolean): void {
    this.model.fault = fault;
    this.world.health.set({ fault: fault ? FAULT : null });
    this.world.nowMs += 1;
    this.world.pass(0);
  }

  setDark(dark: boolean): void {
    this.model.dark = dark;
    this.world.health.set({ dark: dark ? 'NVML is dark' : null });
    this.world.pass(0);
    this.#listGhosts();
  }

  /** What follows each command: time passes, the monitor looks, and the guard counts what the model counts. */
  settle(passMs: number): void {
    this.world.pass(passMs);
    this.#listGhosts();
    this.world.turn();
    this.model.settle();
    expect(listed(this.world.guard.leases())).toBe(listed(this.model.leases));
  }

  /** In the end everything has ended, and every place is there again. */
  async drain(): Promise<void> {
    const { guard, processes } = this.world;
    for (const { pids, owner } of this.model.leases) {
      for (const pid of [...pids, ...(owner === undefined ? [] : [owner])]) processes.end(pid);
    }
    for (const handle of this.handles.values()) await handle.release();
    this.model.ghosts.clear();
    this.setFault(false);
    this.setDark(false);
    await guard.reconcile([]);
    expect(guard.leases()).toEqual([]);
    for (let i = 0; i < this.limit; i++) await guard.acquire({ id: `last ${i}` });
    await expect(guard.acquire({ id: 'one more' })).rejects.toMatchObject({ limit: 'sessions' });
    await guard.close();
  }

  #listGhosts(): void {
    if (!this.model.dark) this.world.list(...[...this.model.ghosts].map((pid) => ({ pid, usedBytes: 1 })));
  }
}
