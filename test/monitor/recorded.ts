import type { EventFacts } from '../../lib/native/frames.js';
import type { ProbeKind } from '../../lib/native/kinds.js';
import type { CurrentCall, SnapshotFacts, SnapshotReader } from '../../lib/native/snapshot.js';
import { type Answer, openSource, type Question, type Source } from '../../lib/native/source.js';
import type { OpenedMachine } from '../../lib/probe/machine.js';
import { type Machine, startMachine } from '../../lib/sim/machine.js';

const DEADLINES = { softMs: 5000, hardMs: 60_000 };

/** What a simulated machine answered once, again and again: a driver without processes, for time that only seems to pass. */
export class RecordedSource implements Source {
  readonly names: Source['names'];
  readonly kinds: Source['kinds'];
  readonly asked: Question[] = [];
  /** What it says instead; undefined: what was recorded. */
  instead: (question: Question) => Promise<Answer> | undefined = () => undefined;
  snapshot: SnapshotFacts;
  #looks = 0;
  where: CurrentCall | null = null;
  tell: ((event: EventFacts) => void) | null = null;
  readonly snapshots = {
    read: () => this.#alive(),
    currentCall: () => this.where,
  } as SnapshotReader;
  readonly #answers: Map<ProbeKind, Answer>;

  constructor(
    { names, kinds }: Pick<Source, 'names' | 'kinds'>,
    answers: Map<ProbeKind, Answer>,
    snapshot: SnapshotFacts,
  ) {
    this.names = names;
    this.kinds = kinds;
    this.snapshot = snapshot;
    this.#answers = answers;
  }

  /** What was recorded, with an energy counter that goes on: a GPU whose readings stand still is a finding. */
  #alive(): SnapshotFacts {
    const energy = this.snapshot.fields.indexOf('energyJoules');
    const moved = (values: number[]) =>
      values.map((value, i) => (i === energy ? value + 100 * this.#looks : value));
    const devices = this.snapshot.devices.map((device) => ({ ...device, values: moved(device.values) }));
    return { ...this.snapshot, devices };
  }

  ask(question: Question): Promise<Answer> {
    this.asked.push(question);
    this.#looks++;
    const answer = this.#answers.get(question.kind) as Answer;
    return this.instead(question) ?? Promise.resolve(answer);
  }

  listen(_: unknown, onEvent: (event: EventFacts) => void) {
    this.tell = onEvent;
    onEvent({ kind: 'listening', code: 0, device: '', simulated: true });
    return { ended: new Promise<Answer>(() => {}), stop: () => {} };
  }

  times(kind: ProbeKind): number {
    return this.asked.filter((question) => question.kind === kind).length;
  }

  open = (): Promise<OpenedMachine> => Promise.resolve({ source: this, simulated: undefined });
}

/** Asks a simulated machine once for everything that a monitor asks. */
export async function record(scenario = 'idle'): Promise<RecordedSource> {
  const machine: Machine = startMachine({ scenario });
  const source = openSource({ inThread: false, libraryPath: '', machine });
  const answers = new Map<ProbeKind, Answer>();
  const ask = async (kind: ProbeKind, more: Partial<Question> = {}) =>
    answers.set(kind, await source.ask({ kind, ...DEADLINES, ...more }));
  await ask('nodes');
  await ask('telemetry', { lists: true, history: true });
  const snapshot = source.snapshots.read() as SnapshotFacts;
  const device = snapshot.devices[0]?.uuid.value ?? '';
  await ask('freshNvml');
  await ask('freshCuda', { history: true });
  for (const kind of ['warmInit', 'warmContext', 'freshContext'] as const) await ask(kind, { device });
  return new RecordedSource(source, answers, snapshot);
}

/** An answer in which the check fails with this number of NVML's. */
export function failing(check: string, code: number): Answer {
  const facts = {
    outcome: 'failed',
    via: 'telemetry',
    device: '',
    api: 'nvml',
    driverFunction: '',
    detail: '',
  };
  return {
    checks: [{ ...facts, check, code, simulated: true, durationMs: 1 }],
    nodes: null,
    cudaDevices: [],
    libraries: [],
  };
}

/** One that is given up at its deadline. */
export function unanswered(check: string): Answer {
  const facts = {
    outcome: 'timeout',
    via: 'telemetry',
    device: '',
    api: 'none',
    driverFunction: '',
    detail: '',
  };
  return {
    checks: [{ ...facts, check, code: 0, simulated: true, durationMs: 5000 }],
    nodes: null,
    cudaDevices: [],
    libraries: [],
  };
}
