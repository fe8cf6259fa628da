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

/** The parts that are polled separately. Layer 0, and the lists when due, run with telemetry. */
export type PollPart = 'telemetry' | 'canary';

/** Start and end of one poll of a part. */
export interface PollTimes {
  startedMs: number;
  endedMs: number;
  /** By the wall clock. */
  startedAt: Date;
}

type Opened = { machine: OpenedMachine; look: Collector } | null;

/** Answers after which another poll soon would not help the driver. */
const TROUBLE = ['PROBE_STUCK', 'BESIDE_TIMEOUT', 'WARDEN_LOST'];

const isTrouble = ({ outcome, name }: Check) =>
  outcome === 'timeout' || outcome === 'crashed' || (name !== null && TROUBLE.includes(name));

/** True if new in this look. Telemetry repeats how NVML was opened; GPU rows are part of the machine's. */
const isNew = ({ id, via, device }: Check) =>
  id === 'nvml.telemetry' ? device === null : via === 'fresh' || !id.startsWith('nvml.');

const NOTHING_PENDING: readonly PendingCall[] = Object.freeze([]);

/** Opens a machine; tests pass their own. */
export type Open = typeof openMachine;

/** Polls the parts of a look when they are due. At most one poll per part runs at a time. */
export class Poller {
  /** Requests without an answer yet. */
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
  /** Parts whose next poll may wake suspended GPUs. */
  readonly #wakes = new Set<PollPart>();
  #layer0 = '';
  /** True if the last telemetry timed out and its call has not returned. */
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

  /** Returns when the part is due. A canary is first due after the first telemetry, which names the GPUs. */
  dueMs(part: PollPart): number {
    if (part === 'canary' && this.last.telemetry === null) return Number.POSITIVE_INFINITY;
    return this.#cadences[part].dueMs;
  }

  isRunning(part: PollPart): boolean {
    return this.#underWay[part] !== null;
  }

  /** Estimates the milliseconds until a part has answered again, based on its last duration. */
  answersInMs(part: PollPart, nowMs: number): number {
    const last = this.last[part];
    const tookMs = last === null ? 0 : last.endedMs - last.startedMs;
    const dueMs = this.isRunning(part) ? nowMs : this.dueMs(part);
    return Number.isFinite(dueMs) ? Math.max(0, dueMs - nowMs) + tookMs : 0;
  }

  /** Makes the next telemetry read the lists, or the next poll of each part wake suspended GPUs. */
  renew(what: Renewal): void {
    if (what === 'lists') this.#listsAtMs = Number.NEGATIVE_INFINITY;
    else for (const part of ['telemetry', 'canary'] as const) this.#wakes.add(part);
  }

  /** Returns the scenario's own time; null on a real machine. */
  scenarioTime(): string | null {
    return this.#scenarioTime?.() ?? null;
  }

  /** Makes all parts due now, except those that are backing off. */
  pollSoon(): void {
    for (const cadence of Object.values(this.#cadences)) cadence.pollSoon(this.#clock.nowMs());
  }

  stop(): void {
    this.#xids.stop();
  }

  /** Returns the driver calls that have not returned, including those of looks that timed out. */
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

  /** Returns the telemetry process's current call from the shared page; null if there is none. */
  #currentCall(): CurrentCall | null {
    const where = this.#machine?.source.snapshots.currentCall() ?? null;
    // If a process was killed in a call, its page shows that call forever.
    const isPast =
      where !== null && where.forMs > this.#options.probe.hardDeadlineMs && this.#waiting.size === 0;
    return isPast ? null : where;
  }

  /** Ends the back-off if a call that timed out has returned: the driver can be polled again. */
  noticeReturn(): void {
    const { telemetry } = this.#cadences;
    if (telemetry.troubles > 0 && this.#stuckInCall && this.#currentCall() === null) {
      this.#stuckInCall = false;
      telemetry.resetBackoff(this.#clock.nowMs());
    }
  }

  /** Polls a part. Callers that ask while the poll runs share its result. */
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

  /** Returns the current facts. Their time is that of the readings. */
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

  /** Polls the part on an open machine. Returns the driver's answers. */
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

  /** Starts the event listener once NVML has answered. A refused or hanging open is for the looks to find. */
  #listen({ source }: OpenedMachine, rows: readonly Check[]): void {
    if (
      !rows.some(({ id, device, outcome }) => id === 'nvml.telemetry' && device === null && outcome === 'ok')
    )
      return;
    const { nvmlDeadlineMs, hardDeadlineMs } = this.#options.probe;
    this.#xids.start(source, { softMs: nvmlDeadlineMs, hardMs: hardDeadlineMs });
  }

  /** Makes the canary due if layer 0 or NVML answers differently: a new process may be affected. */
  #noticeChange(rows: readonly Check[]): void {
    const layer0 = rows.map(({ id, device, outcome, code }) => [id, device, outcome, code].join(' ')).join();
    if (this.#layer0 !== '' && this.#layer0 !== layer0) this.#cadences.canary.pollSoon(this.#clock.nowMs());
    this.#layer0 = layer0;
  }

  #openOnce(): Promise<Opened> {
    this.#opened ??= this.#openMachine().catch((error) => {
      // A lack of sources or threads may pass. Other reasons fail again in the same way.
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

/** Returns the error itself if it is a GpuProbeError; otherwise wraps it. */
export function asGpuProbeError(error: unknown): GpuProbeError {
  if (error instanceof GpuProbeError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new GpuProbeError('ERR_GPUPROBE_INTERNAL', message, { cause: error });
}
