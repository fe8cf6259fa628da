import type { EventBase } from '../events.js';
import type { Finding, Report, Verdict, XidEvent } from '../probe/report.js';
import type { Fallback } from './fallback.js';
import type { Gap } from './freshness.js';

/** The fields of every monitor event. */
export interface MonitorEvent<Type extends string> extends EventBase<Type> {
  /** True if the driver is simulated. */
  simulated: boolean;
  /** Time of day in the scenario, or seconds since its start; null on a real machine. */
  scenarioTime: string | null;
}

/** The events of a {@link GpuProbe}, by name. */
export interface GpuProbeEvents {
  /** The verdict has changed; `previous` is null the first time. */
  verdict: MonitorEvent<'verdict'> & { verdict: Verdict; previous: Verdict | null; report: Report };
  /** A finding is new, or its severity has changed. */
  finding: MonitorEvent<'finding'> & { finding: Finding };
  /** A finding is resolved; `lastedMs` is how long it was present. */
  recovered: MonitorEvent<'recovered'> & { finding: Finding; lastedMs: number };
  /** The readings are too old: first `stale`, later `expired`. */
  stale: MonitorEvent<'stale'> & { state: 'stale' | 'expired'; ageMs: number };
  /** Readings are available again, `gap.ms` after the last ones. */
  gap: MonitorEvent<'gap'> & { gap: Gap };
  /** Monitoring broke, or works again after `darkMs`. The first event gives the initial state. */
  monitoring: MonitorEvent<'monitoring'> & { works: boolean; because: string | null; darkMs: number | null };
  /** What gpuprobe can count while monitoring does not work. */
  fallback: MonitorEvent<'fallback'> & { fallback: Fallback };
  /** The driver reported an error (Xid). */
  xid: MonitorEvent<'xid'> & { xid: XidEvent };
  /** A new report is available. */
  report: MonitorEvent<'report'> & { report: Report };
}

/** The names of a monitor's events. */
export type EventName = keyof GpuProbeEvents;
/** Called with each event of that name. An exception is logged and affects nothing else. */
export type Listener<Name extends EventName> = (event: GpuProbeEvents[Name]) => unknown;
/** An event before its timestamps are added. */
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
