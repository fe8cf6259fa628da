import fc from 'fast-check';
import { expect } from 'vitest';
import type { Machine } from './machine.js';
import type { Model, ModelLease } from './model.js';

const IDS = Array.from({ length: 12 }, (_, i) => `s${i}`);
/** More than a lease of these commands has. Of further processes the choices begin again. */
const MOST_PIDS = 12;

/** What commands have come to see, over all runs: those that come nowhere would find nothing. */
export const seen = new Set<string>();

interface Action<T> {
  name: string;
  /** What is chosen at random. A number that chooses from a list counts on from its beginning, as often as it takes. */
  choices: fc.Arbitrary<T>;
  /** Whether it can happen now; always, where this is left out. */
  check?: (model: Model) => boolean;
  run: (machine: Machine, choices: T) => void | Promise<void>;
}

type Command = fc.AsyncCommand<Model, Machine>;

/** The commands of an action: each also says how much time passes after it. */
function commandsOf<T>({ name, choices, check = () => true, run }: Action<T>): fc.Arbitrary<Command> {
  return fc.tuple(choices, fc.nat(1999)).map(([chosen, passMs]) => ({
    check,
    async run(_, machine) {
      await run(machine, chosen);
      machine.settle(passMs);
    },
    toString: () => `${name}(${fc.stringify(chosen)}) +${passMs} ms`,
  }));
}

function pick<T>(list: readonly T[], number: number): T {
  const index = number % list.length;
  return list[index] as T;
}

function expectedOutcome({ model, limit }: Machine, running: ModelLease | undefined): string {
  if (running?.state === 'orphaned') return 'admitted';
  if (running !== undefined) return 'ERR_GPUPROBE_LEASE_HELD';
  if (model.fault) return 'health';
  return model.leases.length < limit ? 'admitted' : 'sessions';
}

const acquire = commandsOf({
  name: 'acquire',
  choices: fc.record({ id: fc.nat(IDS.length - 1), processes: fc.nat(2), hasOwner: fc.boolean() }),
  async run(machine, chosen) {
    const { handles, limit, model } = machine;
    const { processes, guard } = machine.world;
    const id = pick(IDS, chosen.id);
    const pids = Array.from({ length: chosen.processes }, () => processes.start());
    const owner = chosen.hasOwner ? processes.start() : undefined;
    const running = model.running(id);
    const got = await guard
      .acquire({ id, pids, ...(owner === undefined ? {} : { owner }) })
      .then((lease) => ({ lease, outcome: 'admitted' }))
      .catch((error) => ({ lease: null, outcome: error.limit ?? error.code }));
    expect(got.outcome).toBe(expectedOutcome(machine, running));
    seen.add(`acquire ${got.outcome}`);
    if (got.lease === null) return;
    if (running !== undefined) {
      seen.add('taken over');
      handles.delete(running);
      model.leases = model.leases.filter((lease) => lease !== running);
    } else expect(model.leases.length).toBeLessThan(limit);
    const lease: ModelLease = {
      id,
      state: 'active',
      owner,
      pids: [...(running?.pids ?? []), ...pids],
      held: true,
    };
    model.leases.push(lease);
    handles.set(lease, got.lease);
  },
});

const release = commandsOf({
  name: 'release',
  choices: fc.nat(),
  check: (model) => model.held.length > 0,
  async run({ handles, model }, which) {
    const lease = pick(model.held, which);
    const result = await handles.get(lease)?.release();
    // A second call for one that leaks looks again, as its handle is kept.
    const expected = model.end(lease);
    expect(result?.released).toBe(expected);
    seen.add(`released ${expected}`);
    if (expected !== false) handles.delete(lease);
  },
});

const touch = commandsOf({
  name: 'touch',
  choices: fc.nat(),
  check: (model) => model.held.length > 0,
  run: ({ handles, model }, which) => handles.get(pick(model.held, which))?.touch(),
});

const attach = commandsOf({
  name: 'attach',
  choices: fc.nat(),
  check: (model) => model.held.some(({ pids }) => pids.length <= 8),
  async run({ handles, model, world }, which) {
    const lease = pick(
      model.held.filter(({ pids }) => pids.length <= 8),
      which,
    );
    const pid = world.processes.start();
    await handles.get(lease)?.attach([pid]);
    lease.pids.push(pid);
  },
});

const sessionEnds = commandsOf({
  name: 'session ends',
  // Of ten processes eight end, and one of these stays in NVML's list.
  choices: fc.record({
    which: fc.nat(),
    fates: fc.array(fc.nat(9), { minLength: MOST_PIDS, maxLength: MOST_PIDS }),
  }),
  check: (model) => model.leases.length > 0,
  run({ model, world }, { which, fates }) {
    for (const [i, pid] of pick(model.leases, which).pids.entries()) {
      const fate = pick(fates, i);
      if (fate < 8) world.processes.end(pid);
      if (fate === 7) model.ghosts.add(pid);
    }
  },
});

const ownerDies = commandsOf({
  name: 'owner dies',
  choices: fc.nat(),
  check: (model) => model.leases.some(({ owner }) => owner !== undefined),
  run({ model, world }, which) {
    const { owner } = pick(model.leases, which);
    if (owner !== undefined) world.processes.end(owner);
  },
});

const reconcile = commandsOf({
  name: 'reconcile',
  choices: fc.array(fc.nat(99), { minLength: IDS.length, maxLength: IDS.length }),
  async run({ model, world }, percents) {
    const known = new Set(model.leases.map(({ id }) => id));
    // Most of what runs is named, and now and then something that the guard has not heard of.
    const active = IDS.filter((id, i) => pick(percents, i) < (known.has(id) ? 60 : 2));
    const done = await world.guard.reconcile(active);
    for (const lease of [...model.leases]) {
      if (!active.includes(lease.id) && lease.state !== 'active') model.end(lease);
    }
    const entered = active.filter((id) => !known.has(id));
    expect(done.entered).toEqual(entered);
    for (const id of entered) {
      model.leases.push({ id, state: 'orphaned', pids: [], owner: undefined, held: false });
    }
    for (const what of ['freed', 'leaking', 'entered', 'unlisted'] as const) {
      if (done[what].length > 0) seen.add(`reconcile ${what}`);
    }
  },
});

const canary = commandsOf({
  name: 'canary',
  choices: fc.boolean(),
  run: (machine, fails) => machine.setFault(!machine.model.fault && fails),
});

const monitoring = commandsOf({
  name: 'monitoring',
  choices: fc.boolean(),
  run: (machine, fails) => machine.setDark(!machine.model.dark && fails),
});

const ghostsGo = commandsOf({
  name: 'ghosts go',
  choices: fc.constant(null),
  run: ({ model }) => model.ghosts.clear(),
});

const verify = commandsOf({
  name: 'verify',
  choices: fc.constant(null),
  async run({ model, world }) {
    await world.guard.verify();
    model.verify();
  },
});

/** Each as often as it shall happen beside the others. */
export const COMMANDS = [
  ...[acquire, acquire, acquire],
  ...[release, release],
  ...[sessionEnds, sessionEnds],
  ...[touch, attach, ownerDies, reconcile, canary, monitoring, ghostsGo, verify],
];
