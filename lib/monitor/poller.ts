import { GpuProbeError } from '../errors.js';
import type { CurrentCall } from '../native/snapshot.js';
import { Collector } from '../probe/collector.js';
import { type OpenedMachine, type openMachine, unsupportedPlatform } from '../probe/machine.js';
import { ProbeClient, type Waiting } from '../probe/probe-client.js';
import type { Check, CheckId, Facts, XidEvent } from '../probe/report.js';
import { scenarioClock } from '../sim/scenario-clock.js';
import { Cadence } from './cadence.js';
import type { Clock } from './clock.js';
import type { PendingCall } from './latest.js';
import type { ResolvedGpuProbeOptions } from './options.js';
import type { Renewal } from './renewals.js';
import { XidWatch } from './xids.js';

/** The parts that are asked apart: layer 0 goes with telemetry, and so do the lists, when they are due. */
export type PollPart = 'telemetry' | 'canary';

/** One asking of a part, from when to when. */
export interface PollTimes {
  startedMs: number;
  endedMs: number;
  /** By the wall clock. */
  startedAt: Date;
}

type Opened = { machine: OpenedMachine; look: Collector } | null;

/** Answers that say that asking again soon would not help the driver. */
const TROUBLE = ['PROBE_STUCK', 'BESIDE_TIMEOUT', 'WARDEN_LOST'];

const isTrouble = ({ outcome, name }: Check) =>
  outcome === 'timeout' || outcome === 'crashed' || (name !== null && TROUBLE.includes(name));

/** Of this look; telemetry repeats how its process opened NVML, and a GPU's row is part of the machine's. */
const isNew = ({ id, via, device }: Check) =>
  id === 'nvml.telemetry' ? device === null : via === 'fresh' || !id.startsWith('nvml.');

const NOTHING_PENDING: readonly PendingCall[] = Object.freeze([]);

/** What opens a machine; tests give one of their own. */
export type Open = typeof openMachine;

/** Asks the parts of a look when they are due, each of them never twice at a time. */
export class Poller {
  /** What is asked and has no answer yet. */
  readonly #waiting = new Set<Waiting>();
  readonly last: Record<PollPart, PollTimes | null> = { telemetry: null, canary: null };
  readonly #options: ResolvedGpuProbeOptions;
  readonly #clock: Clock;
  readonly #open: Open;
  readonly #xids: XidWatch;
  readonly #cadences: Record<PollPart, Cadence>;
  readonly #underWay: Record<PollPart, Promise<void> | null> = { telemetry: null, canary: null };
  #opened: Promise<Opened> | null = null;
  #machine: OpenedMachine | null = null;
  #look: Collector | null = null;
  #scenarioTime: (() => string) | null = null;
  #listsAtMs = Number.NEGATIVE_INFINITY;
  /** The next of these parts may wake GPUs that are suspended. */
  readonly #wakes = new Set<PollPart>();
  #layer0 = '';
  /** The last telemetry ended at its deadline, with the call still under way. */
  #stuckInCall = false;

  constructor(options: ResolvedGpuProbeOptions, clock: Clock, open: Open, onXid: (xid: XidEvent) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#open = open;
    this.#xids = new XidWatch(clock, options.maxBackoffMs, onXid);
    this.#cadences = {
      telemetry: new Cadence(options.intervalMs, options.maxBackoffMs),
      canary: new Cadence(options.canaryIntervalMs, Math.max(options.maxBackoffMs, options.canaryIntervalMs)),
    };
  }

  /** When the part is due again. A canary is first due after the first telemetry, which names the GPUs. */
  dueMs(part: PollPart): number {
    if (part === 'canary' && this.last.telemetry === null) return Number.POSITIVE_INFINITY;
    return this.#cadences[part].dueMs;
  }

  isRunning(part: PollPart): boolean {
    return this.#underWay[part] !== null;
  }

  /** Milliseconds until a part has answered again, if it takes as long as the last time. */
  answersInMs(part: PollPart, nowMs: number): number {
    const last = this.last[part];
    const tookMs = last === null ? 0 : last.endedMs - last.startedMs;
    const dueMs = this.isRunning(part) ? nowMs : this.dueMs(part);
    return Number.isFinite(dueMs) ? Math.max(0, dueMs - nowMs) + tookMs : 0;
  }

  /** The next telemetry reads the lists; or the next look wakes what is suspended. */
  renew(what: Renewal): void {
    if (what === 'lists') this.#listsAtMs = Number.NEGATIVE_INFINITY;
    else for (const part of ['telemetry', 'canary'] as const) this.#wakes.add(part);
  }

  /** The scenario's own time; null on a real machine. */
  scenarioTime(): string | null {
    return this.#scenarioTime?.() ?? null;
  }

  /** Asks all parts as soon as may be. */
  pollSoon(): void {
    for (const cadence of Object.values(this.#cadences)) cadence.pollSoon(this.#clock.nowMs());
  }

  stop(): void {
    this.#xids.stop();
  }

  /** Calls that have not come back, also of looks that were given up. */
  pending(nowMs: number): readonly PendingCall[] {
    const where = this.#currentCall();
    if (this.#waiting.size === 0 && where === null) return NOTHING_PENDING;
    const calls = [...this.#waiting].map(({ check, via, device, sinceMs }): PendingCall => {
      const isThere = where !== null && check === 'nvml.telemetry';
      return {
        check,
        via,
        device,
        driverFunction: isThere ? where.driverFunction : null,
        forMs: nowMs - sinceMs,
      };
    });
    if (where === null || calls.some(({ driverFunction }) => driverFunction !== null)) return calls;
    const { check, driverFunction, forMs } = where;
    return [
      ...calls,
      { check: check as CheckId | '', via: 'telemetry', device: null, driverFunction, forMs },
    ];
  }

  /** Where the telemetry process is, by the shared page. */
  #currentCall(): CurrentCall | null {
    const where = this.#machine?.source.snapshots.currentCall() ?? null;
    // The page of a process that was killed in a call says so for good.
    const isPast =
      where !== null && where.forMs > this.#options.probe.hardDeadlineMs && this.#waiting.size === 0;
    return isPast ? null : where;
  }

  /** A call that did not return within its deadline has returned: it can be asked again at once. */
  noticeReturn(): void {
    const { telemetry } = this.#cadences;
    if (telemetry.troubles > 0 && this.#stuckInCall && this.#currentCall() === null) {
      this.#stuckInCall = false;
      telemetry.resetBackoff(this.#clock.nowMs());
    }
  }

  /** Asks a part; whoever comes while it is asked waits for the same answer. */
  ask(part: PollPart): Promise<void> {
    const own =
      // mutation: single-flight/part
      this.#underWay[part] ??
      this.#ask(part).finally(() => {
        this.#underWay[part] = null;
      });
    this.#underWay[part] = own;
    return own;
  }

  /** What is known now. Its time is that of the readings. */
  facts(): Facts {
    const { telemetry } = this.last;
    const startedAt = telemetry?.startedAt ?? this.#clock.wall();
    if (this.#look === null) return unsupportedPlatform(this.#options.probe, startedAt);
    const facts = this.#look.facts(
      startedAt,
      telemetry === null ? 0 : telemetry.endedMs - telemetry.startedMs,
    );
    return { ...facts, xids: this.#xids.recent() };
  }

  async #ask(part: PollPart): Promise<void> {
    const [startedMs, startedAt] = [this.#clock.nowMs(), this.#clock.wall()];
    let rows: readonly Check[] | null = null;
    try {
      const opened = await this.#openOnce();
      rows = opened === null ? [] : await this.#askOpened(part, opened, startedMs);
    } finally {
      const endedMs = this.#clock.nowMs();
      this.last[part] = { startedMs, endedMs, startedAt };
      const driverMs = rows?.filter(isNew).reduce((sum, { durationMs }) => sum + durationMs, 0) ?? 0;
      this.#cadences[part].ended(startedMs, endedMs, driverMs, rows === null || rows.some(isTrouble));
    }
  }

  /** What the driver answered. */
  async #askOpened(
    part: PollPart,
    { machine, look }: NonNullable<Opened>,
    startedMs: number,
  ): Promise<readonly Check[]> {
    // mutation: unheld-looks
    const requestOptions = { background: true, waiting: this.#waiting, nowMs: () => this.#clock.nowMs() };
    const client = new ProbeClient(this.#options.probe, machine.source, requestOptions);
    const wake = this.#wakes.delete(part);
    if (part === 'canary') {
      await look.canary(client, { wake });
      return look.rows('canary');
    }
    await look.nodes(client);
    const lists = startedMs - this.#listsAtMs >= this.#options.listsIntervalMs;
    await look.telemetry(client, { lists, wake });
    if (lists) this.#listsAtMs = startedMs;
    this.#xids.turn();
    const rows = look.rows('telemetry');
    this.#stuckInCall = rows.some(({ outcome }) => outcome === 'timeout') && this.#currentCall() !== null;
    this.#noticeChange([...look.rows('nodes'), ...rows]);
    this.#listen(machine, rows);
    return rows;
  }

  /** Events are waited for once NVML has answered: an open that is refused, or hangs, is for the looks to find. */
  #listen({ source }: OpenedMachine, rows: readonly Check[]): void {
    if (
      !rows.some(({ id, device, outcome }) => id === 'nvml.telemetry' && device === null && outcome === 'ok')
    )
      return;
    const { nvmlDeadlineMs, hardDeadlineMs } = this.#options.probe;
    this.#xids.start(source, { softMs: nvmlDeadlineMs, hardMs: hardDeadlineMs });
  }

  /** What the next process meets is worth a look as soon as layer 0, or NVML, says something else than before. */
  #noticeChange(rows: readonly Check[]): void {
    const layer0 = rows.map(({ id, device, outcome, code }) => [id, device, outcome, code].join(' ')).join();
    if (this.#layer0 !== '' && this.#layer0 !== layer0) this.#cadences.canary.pollSoon(this.#clock.nowMs());
    this.#layer0 = layer0;
  }

  #openOnce(): Promise<Opened> {
    this.#opened ??= this.#openMachine().catch((error) => {
      // No room for another source or thread may pass; the other reasons fail again in the same way.
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  async #openMachine(): Promise<Opened> {
    const machine = await this.#open(this.#options.probe);
    if (machine === null) return null;
    const look = new Collector(this.#options.probe, machine.source, {
      wall: () => this.#clock.wall(),
      skipSuspended: true,
    });
    this.#machine = machine;
    this.#look = look;
    if (machine.simulated !== undefined) this.#scenarioTime = scenarioClock(machine.simulated);
    return { machine, look };
  }
}

/** An error of gpuprobe's own, whatever was thrown. */
export function asGpuProbeError(error: unknown): GpuProbeError {
  if (error instanceof GpuProbeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GpuProbeError('ERR_GPUPROBE_INTERNAL', message, { cause: error });
}
