import type { GpuProbeError } from '../errors.js';
import type { EventBase } from '../events.js';
import type { BreakerState } from './breaker.js';
import type { Fault } from './health.js';
import type { LeaseInfo } from './sessions/lease.js';

/** The events of a guard, by name. */
export interface GuardEvents {
  /** The number of sessions has risen to `warnAt`. */
  warning: EventBase<'warning'> & { sessions: number; warnAt: number; maxSessions: number };
  admitted: EventBase<'admitted'> & { lease: LeaseInfo };
  refused: EventBase<'refused'> & { id: string; error: GpuProbeError };
  /** The owner of a lease has exited. The session may still run, and still counts. */
  orphaned: EventBase<'orphaned'> & { lease: LeaseInfo };
  /** A session was reported ended, but these of its processes still run. It still counts. */
  leaking: EventBase<'leaking'> & { lease: LeaseInfo; survivors: number[]; leakedBytes: number | null };
  /** A session was reported ended, but this cannot be verified. It no longer counts. */
  unverified: EventBase<'unverified'> & { lease: LeaseInfo };
  /** A place is free: its session has verifiably ended. */
  freed: EventBase<'freed'> & { lease: LeaseInfo };
  /** The breaker has changed state; `fault` says why sessions are not admitted. */
  breaker: EventBase<'breaker'> & { state: BreakerState; fault: Fault | null };
  /** A background task of the guard failed: it could not read or write the ledger. */
  failure: EventBase<'failure'> & { error: unknown };
}

/** The name of a guard event: `warning`, `admitted`, `refused` and so on. */
export type GuardEventName = keyof GuardEvents;
export const GUARD_EVENTS: Readonly<Record<GuardEventName, true>> = {
  warning: true,
  admitted: true,
  refused: true,
  orphaned: true,
  leaking: true,
  unverified: true,
  freed: true,
  breaker: true,
  failure: true,
};

/** Called synchronously. An exception only causes a process warning (`GPUPROBE_LISTENER`). */
export type GuardListener<Name extends GuardEventName> = (event: GuardEvents[Name]) => unknown;

/** An event before its type and timestamp are added. */
export type GuardEventPayload<Name extends GuardEventName> = Omit<GuardEvents[Name], keyof EventBase<Name>>;

/** Warns about a listener that threw. Listeners never affect whether a session is admitted. */
export function warnOfListener(name: string, error: unknown): void {
  process.emitWarning(`a listener for a guard's "${name}" threw: ${String(error)}`, {
    code: 'GPUPROBE_LISTENER',
    detail: error instanceof Error ? (error.stack ?? '') : '',
  });
}
