import { GpuProbeError } from '../errors.js';
import { Emitter } from '../events.js';
import { checkOptions, type Kind } from '../options.js';
import { openMachine } from '../probe/machine.js';
import type { Report, XidEvent } from '../probe/report.js';
import { historyEntryOf } from '../verdict/history.js';
import { judge } from '../verdict/judge.js';
import { Callers } from './callers.js';
import { type Clock, systemClock } from './clock.js';
import { EVENTS, type EventName, type EventPayload, type GpuProbeEvents, type Listener } from './events.js';
import type { Fallback } from './fallback.js';
import { FallbackCounter } from './fallback-counter.js';
import { FindingTracker } from './finding-tracker.js';
import { Freshness } from './freshness.js';
import type { CheckOptions, GpuProbe } from './gpu-probe.js';
import { healthOf } from './health.js';
import { History } from './history.js';
import { type CanaryOutcome, canaryOutcomesOf, type Latest } from './latest.js';
import { MonitoringStatus } from './monitoring-status.js';
import type { ResolvedGpuProbeOptions } from './options.js';
import { asGpuProbeError, type Open, Poller, type PollPart } from './poller.js';
import { type Renewal, Renewals } from './renewals.js';

/** The monitor's dependencies; tests pass their own clock and machines. */
export interface MonitorDeps {
  clock?: Clock;
  open?: Open;
  count?: (wall: Date) => Promise<Fallback>;
}

/** The part of the look that each renewal runs. */
const PART_OF: Readonly<Record<Renewal, PollPart>> = { lists: 'telemetry', canary: 'canary' };

const CHECK_KINDS: Record<keyof CheckOptions, Kind> = {
  renew: { expected: "'lists' or 'canary'", accepts: (value) => value === 'lists' || value === 'canary' },
};

/** The implementation of {@link createGpuProbe}. */
export class Monitor implements GpuProbe {
  readonly #options: ResolvedGpuProbeOptions;
  readonly #clock: Clock;
  readonly #poller: Poller;
  readonly #emitter: Emitter<GpuProbeEvents>;
  readonly #freshness: Freshness;
  readonly #findings = new FindingTracker();
  readonly #status: MonitoringStatus;
  readonly #history: History;
  readonly #fallback: FallbackCounter;
  readonly #callers = new Callers();
  #report: Report | null = null;
  #failure: GpuProbeError | null = null;
  #good: { report: Report; atMs: number } | null = null;
  #failures = 0;
  #canaries: readonly CanaryOutcome[] = [];
  #told: 'fresh' | 'stale' | 'expired' = 'fresh';
  #checking: Promise<Report> | null = null;
  readonly #renewals = new Renewals(
    this.#callers,
    async (what) => {
      while (this.#poller.isRunning(PART_OF[what])) await this.#look(PART_OF[what]);
    },
    (what) => this.#renew(what),
  );
  #cancelTimer = () => {};
  #closed = false;

  constructor(options: ResolvedGpuProbeOptions, deps: MonitorDeps) {
    this.#options = options;
    this.#clock = deps.clock ?? systemClock();
    this.#fallback = new FallbackCounter(deps.count);
    this.#poller = new Poller(options, this.#clock, deps.open ?? openMachine, (xid) => this.#onXid(xid));
    this.#emitter = new Emitter(EVENTS, (name, error) => this.#onListenerError(name, error));
    this.#freshness = new Freshness(options.staleAfterMs, options.expireAfterMs);
    this.#status = new MonitoringStatus(options.logger);
    this.#history = new History(options.historySize);
    // Deferred, so that the caller can add listeners first.
    this.#cancelTimer = this.#clock.after(0, () => this.#tick());
  }

  latest(): Latest {
    const nowMs = this.#clock.nowMs();
    // mutation: ages-by-no-wall-clock
    const ageMs = this.#freshness.ageMs(nowMs);
    const state = this.#freshness.state(ageMs);
    const canaryMs = this.#poller.last.canary?.startedMs ?? Number.NEGATIVE_INFINITY;
    return {
      // mutation: expired-is-no-report
      report: state === 'expired' ? null : this.#report,
      ageMs,
      state,
      stale: state !== 'fresh',
      lastGood: this.#good === null ? null : { report: this.#good.report, ageMs: nowMs - this.#good.atMs },
      consecutiveFailures: this.#failures,
      pending: this.#poller.pending(nowMs),
      monitoring: this.#status.monitoring(nowMs),
      canary: {
        ageMs: nowMs - canaryMs,
        nextInMs: this.#poller.answersInMs('canary', nowMs),
        outcomes: this.#canaries,
      },
      gaps: this.#freshness.gaps,
      fallback: this.#fallback.last,
    };
  }

  async check(options: CheckOptions = {}): Promise<Report> {
    if (this.#closed) throw closedError();
    checkOptions(options, CHECK_KINDS);
    if (options.renew !== undefined) return this.#renewals.get(options.renew);
    const cached = this.#cached(this.#clock.nowMs());
    if (cached !== null) return cached;
    // mutation: single-flight/check
    this.#checking ??= this.#callers
      .hold(() => this.#lookForCheck())
      .finally(() => {
        this.#checking = null;
      });
    return this.#checking;
  }

  on<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    this.#emitter.on(name, listener as Listener<EventName>);
    return this;
  }

  off<Name extends EventName>(name: Name, listener: Listener<Name>): this {
    this.#emitter.off(name, listener as Listener<EventName>);
    return this;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    this.#poller.stop();
    this.#callers.letGo(closedError());
    this.#emitter.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The TTL counts from the end of the look, so that a slow look is not repeated immediately. */
  #cached(nowMs: number): Report | null {
    const { telemetry, canary } = this.#poller.last;
    if (this.#report === null || telemetry === null || canary === null) return null;
    const ttlMs = this.#failures === 0 ? this.#options.ttlMs : this.#options.failureTtlMs;
    return nowMs - telemetry.endedMs <= ttlMs ? this.#report : null;
  }

  async #renew(what: Renewal): Promise<Report> {
    this.#poller.renew(what);
    // The telemetry names the GPUs that the canary tries.
    if (what === 'canary' && (this.#report?.devices.length ?? 0) === 0) await this.#look('telemetry');
    await this.#look(PART_OF[what]);
    if (this.#failure !== null) throw this.#failure;
    return this.#report as Report;
  }

  async #lookForCheck(): Promise<Report> {
    await this.#look('telemetry');
    // The first report is complete. Later ones include the last canary outcomes and their age.
    if (this.#poller.last.canary === null) await this.#look('canary');
    if (this.#failure !== null) throw this.#failure;
    return this.#report as Report;
  }

  /** Polls a part and processes its result. Never rejects, because most looks have no caller. */
  async #look(part: PollPart): Promise<void> {
    const isMine = !this.#poller.isRunning(part);
    try {
      await this.#poller.ask(part);
      if (!isMine || this.#closed) return;
      this.#failure = null;
      this.#takeIn(part);
    } catch (error) {
      this.#onFailure(asGpuProbeError(error));
    }
    this.#arm();
  }

  /** Handles a failure of gpuprobe itself: nothing is known about the GPU. */
  #onFailure(failure: GpuProbeError): void {
    this.#failure = failure;
    if (this.#closed) return;
    try {
      this.#takeHealth({ works: false, because: failure.message }, this.#clock.nowMs());
    } catch {
      // The logger threw. check() rejects, and latest() shows that monitoring does not work.
    }
  }

  #takeIn(part: PollPart): void {
    const { telemetry, canary } = this.#poller.last;
    if (telemetry === null) return;
    const nowMs = this.#clock.nowMs();
    const { require } = this.#options.probe;
    // If this is a canary, the history already has an entry for the telemetry in this report.
    const history = part === 'telemetry' ? this.#history.all() : this.#history.all().slice(0, -1);
    const facts = this.#poller.facts();
    const report = judge(facts, { history, ...(require === undefined ? {} : { require }) });
    this.#report = report;
    if (part === 'telemetry') {
      this.#history.add(historyEntryOf(facts, this.#history.last()));
      // A reading may be as old as its request; the absence of readings dates from now.
      const [atMs, at] =
        report.devices.length > 0 ? [telemetry.startedMs, telemetry.startedAt] : [nowMs, this.#clock.wall()];
      const gap = this.#freshness.taken(atMs, at);
      this.#told = this.#freshness.state(this.#freshness.ageMs(nowMs));
      if (gap !== null) this.#emit({ type: 'gap', gap });
    } else {
      this.#canaries = canaryOutcomesOf(report);
    }
    this.#emit({ type: 'report', report });
    // Before the first canaries have answered, it is not known whether the GPU is healthy.
    if (canary !== null || report.verdict === 'failed') {
      for (const event of this.#findings.take(report, nowMs)) this.#emit(event);
      this.#takeHealth(healthOf(report), nowMs);
    }
    const works = this.#status.monitoring(nowMs).works;
    if (part === 'telemetry') this.#failures = works === false ? this.#failures + 1 : 0;
    if (works === true) this.#good = { report, atMs: telemetry.startedMs };
  }

  #takeHealth(health: ReturnType<typeof healthOf>, nowMs: number): void {
    const { changed, darkMs } = this.#status.take(health, nowMs, this.#clock.wall(), () => this.#label());
    const { works, because } = this.#status.monitoring(nowMs);
    if (changed && works !== null) this.#emit({ type: 'monitoring', works, because, darkMs });
    if (works === false) void this.#countFallback(nowMs);
    else this.#fallback.clear();
  }

  /** Returns the prefix of a log line. It marks a simulated machine, so that nobody is woken for one. */
  #label(): string {
    if (this.#report?.simulated !== true) return '';
    return `[${['SIMULATED', this.#poller.scenarioTime()].filter(Boolean).join(' ')}] `;
  }

  async #countFallback(nowMs: number): Promise<void> {
    const isWanted = () => !this.#closed && this.#status.monitoring(nowMs).works === false;
    const simulated = this.#report?.simulated === true;
    const fallback = await this.#fallback.count(nowMs, this.#clock.wall(), simulated, isWanted);
    if (fallback !== null) this.#emit({ type: 'fallback', fallback });
  }

  #tick(): void {
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    this.#tellAge(nowMs);
    this.#poller.noticeReturn();
    for (const part of ['telemetry', 'canary'] as const) {
      if (!this.#poller.isRunning(part) && this.#poller.dueMs(part) <= nowMs) void this.#look(part);
    }
    this.#arm();
  }

  #tellAge(nowMs: number): void {
    const ageMs = this.#freshness.ageMs(nowMs);
    const state = this.#freshness.state(ageMs);
    if (this.#report === null || state === this.#told || state === 'fresh') return;
    this.#told = state;
    this.#emit({ type: 'stale', state, ageMs });
  }

  #arm(): void {
    this.#cancelTimer();
    if (this.#closed) return;
    const nowMs = this.#clock.nowMs();
    const due = (['telemetry', 'canary'] as const)
      .filter((part) => !this.#poller.isRunning(part))
      .map((part) => this.#poller.dueMs(part));
    // The shared page shows when a call returns, without a driver call.
    const watch = nowMs + this.#options.intervalMs;
    const turns = this.#freshness.turnsMs.filter((ms) => ms >= nowMs).map((ms) => ms + 1);
    this.#cancelTimer = this.#clock.after(Math.min(...due, ...turns, watch) - nowMs, () => this.#tick());
  }

  /** Polls soon, because an Xid error can mean that the GPU's state has changed. */
  #onXid(xid: XidEvent): void {
    this.#emit({ type: 'xid', xid });
    this.#poller.pollSoon();
    this.#arm();
  }

  #emit(event: EventPayload): void {
    if (!this.#emitter.isHeard(event.type)) return;
    const time = {
      at: this.#clock.wall().toISOString(),
      simulated: this.#report?.simulated ?? false,
      scenarioTime: this.#poller.scenarioTime(),
    };
    this.#emitter.emit({ ...event, ...time } as GpuProbeEvents[EventName]);
  }

  #onListenerError(name: string, error: unknown): void {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.logger?.error(`a listener for the event '${name}' of gpuprobe threw: ${words}`);
  }
}

function closedError(): GpuProbeError {
  return new GpuProbeError('ERR_GPUPROBE_CLOSED', 'this GpuProbe was closed');
}
