import type { EventBase } from '../events.js';
import type { Finding, Report, Verdict, XidEvent } from '../probe/report.js';
import type { Fallback } from './fallback.js';
import type { Gap } from './freshness.js';

/** What every event of a monitor has. */
export interface MonitorEvent<Type extends string> extends EventBase<Type> {
  /** True where a simulated driver is asked. */
  simulated: boolean;
  /** The time of day in the scenario, or its seconds; null on a real machine. */
  scenarioTime: string | null;
}

/** The events of a {@link GpuProbe}, by name. */
export interface GpuProbeEvents {
  /** The verdict is another one; `previous` is null at the first. */
  verdict: MonitorEvent<'verdict'> & { verdict: Verdict; previous: Verdict | null; report: Report };
  /** Something is found that was not before, or is of another severity. */
  finding: MonitorEvent<'finding'> & { finding: Finding };
  /** Something that was found is no more; `lastedMs` since it was. */
  recovered: MonitorEvent<'recovered'> & { finding: Finding; lastedMs: number };
  /** The readings have become too old: `stale`, and later `expired`. */
  stale: MonitorEvent<'stale'> & { state: 'stale' | 'expired'; ageMs: number };
  /** Readings are here again, `gap.ms` after the last. */
  gap: MonitorEvent<'gap'> & { gap: Gap };
  /** Monitoring has broken, or works again; `darkMs` is how long it did not. At first: which of both. */
  monitoring: MonitorEvent<'monitoring'> & { works: boolean; because: string | null; darkMs: number | null };
  /** What can be counted while monitoring does not work. */
  fallback: MonitorEvent<'fallback'> & { fallback: Fallback };
  /** The driver reported an error (Xid). */
  xid: MonitorEvent<'xid'> & { xid: XidEvent };
  /** Each new report. */
  report: MonitorEvent<'report'> & { report: Report };
}

/** The events that there are. */
export type EventName = keyof GpuProbeEvents;
/** Called with each event of that name. What it throws is logged, and stops nothing. */
export type Listener<Name extends EventName> = (event: GpuProbeEvents[Name]) => unknown;
/** An event before it has its time. */
export type EventPayload = {
  [Name in EventName]: Omit<GpuProbeEvents[Name], Exclude<keyof MonitorEvent<Name>, 'type'>>;
}[EventName];

export const EVENTS: Readonly<Record<EventName, true>> = {
  verdict: true,
  finding: true,
  recovered: true,
  stale: true,
  gap: true,
  monitoring: true,
  fallback: true,
  xid: true,
  report: true,
};
