import { channel } from 'node:diagnostics_channel';
import type { Finding, Report, Verdict, XidEvent } from '../probe/report.js';
import type { Fallback } from './fallback.js';
import type { Gap } from './freshness.js';

/** What every event has. */
export interface EventBase<Type extends string> {
  type: Type;
  /** ISO 8601, UTC. */
  at: string;
  /** True where a simulated driver is asked. */
  simulated: boolean;
  /** The time of day in the scenario, or its seconds; null on a real machine. */
  scenarioTime: string | null;
}

/** The events of a {@link GpuProbe}, by name. */
export interface GpuProbeEvents {
  /** The verdict is another one; `previous` is null at the first. */
  verdict: EventBase<'verdict'> & { verdict: Verdict; previous: Verdict | null; report: Report };
  /** Something is found that was not before, or is of another severity. */
  finding: EventBase<'finding'> & { finding: Finding };
  /** Something that was found is no more; `lastedMs` since it was. */
  recovered: EventBase<'recovered'> & { finding: Finding; lastedMs: number };
  /** The readings have become too old: `stale`, and later `expired`. */
  stale: EventBase<'stale'> & { state: 'stale' | 'expired'; ageMs: number };
  /** Readings are here again, `gap.ms` after the last. */
  gap: EventBase<'gap'> & { gap: Gap };
  /** Monitoring has broken, or works again; `darkMs` is how long it did not. At first: which of both. */
  monitoring: EventBase<'monitoring'> & { works: boolean; because: string | null; darkMs: number | null };
  /** What can be counted while monitoring does not work. */
  fallback: EventBase<'fallback'> & { fallback: Fallback };
  /** The driver reported an error (Xid). */
  xid: EventBase<'xid'> & { xid: XidEvent };
  /** Each new report. */
  report: EventBase<'report'> & { report: Report };
}

/** The events that there are. */
export type EventName = keyof GpuProbeEvents;
/** Called with each event of that name. What it throws is logged, and stops nothing. */
export type Listener<Name extends EventName> = (event: GpuProbeEvents[Name]) => unknown;
/** An event before it has its time. */
export type EventPayload = {
  [Name in EventName]: Omit<GpuProbeEvents[Name], Exclude<keyof EventBase<Name>, 'type'>>;
}[EventName];

export const EVENT_NAMES: readonly EventName[] = [
  'verdict',
  'finding',
  'recovered',
  'stale',
  'gap',
  'monitoring',
  'fallback',
  'xid',
  'report',
];

/** Listeners by event. One that throws, or whose promise rejects, is told about and stops nothing. */
export class Emitter {
  readonly #listeners = new Map<EventName, Set<Listener<EventName>>>();
  readonly #onError: (name: EventName, error: unknown) => void;

  constructor(onError: (name: EventName, error: unknown) => void) {
    this.#onError = onError;
  }

  on(name: EventName, listener: Listener<EventName>): void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
  }

  off(name: EventName, listener: Listener<EventName>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  /** Whether anybody listens: what an event has in it need not be made for nobody. */
  isHeard(name: EventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0 || channel(`gpuprobe:${name}`).hasSubscribers;
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** To the listeners, and to whoever subscribed to `gpuprobe:NAME` of node:diagnostics_channel. */
  emit(event: GpuProbeEvents[EventName]): void {
    const listeners = [...(this.#listeners.get(event.type) ?? [])];
    for (const listener of listeners) this.#call(event, listener);
    const subscribers = channel(`gpuprobe:${event.type}`);
    // Node reports a subscriber's error as an uncaught exception: that is its own business.
    if (subscribers.hasSubscribers) subscribers.publish(event);
  }

  #call(event: GpuProbeEvents[EventName], listener: Listener<EventName>): void {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch((error) => this.#onError(event.type, error));
    } catch (error) {
      this.#onError(event.type, error);
    }
  }
}
