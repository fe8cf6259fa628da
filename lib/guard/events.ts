import type { GpuProbeError } from '../errors.js';
import type { EventBase } from '../events.js';
import type { BreakerState } from './breaker.js';
import type { Fault } from './health.js';
import type { LeaseInfo } from './sessions/lease.js';

/** What a guard tells, by name. */
export interface GuardEvents {
  /** The count has reached `warnAt`, coming from below. */
  warning: EventBase<'warning'> & { sessions: number; warnAt: number; maxSessions: number };
  admitted: EventBase<'admitted'> & { lease: LeaseInfo };
  refused: EventBase<'refused'> & { id: string; error: GpuProbeError };
  /** The owner of a lease has ended. The session may run on, and counts. */
  orphaned: EventBase<'orphaned'> & { lease: LeaseInfo };
  /** A session is said to have ended, and these of its processes have not. It counts. */
  leaking: EventBase<'leaking'> & { lease: LeaseInfo; survivors: number[]; leakedBytes: number | null };
  /** A session is said to have ended, and nobody can tell whether it has. It counts no more. */
  unverified: EventBase<'unverified'> & { lease: LeaseInfo };
  /** A place is free: its session was seen to have ended. */
  freed: EventBase<'freed'> & { lease: LeaseInfo };
  /** Whether sessions are admitted at all has changed; `fault` says why not. */
  breaker: EventBase<'breaker'> & { state: BreakerState; fault: Fault | null };
  /** What the guard does by itself failed: the count could not be read or written. */
  failure: EventBase<'failure'> & { error: unknown };
}

/** `warning`, `admitted`, `refused` and so on. */
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

/** Called with the event, synchronously. One that throws is a warning of the process (`GPUPROBE_LISTENER`), and stops nothing. */
export type GuardListener<Name extends GuardEventName> = (event: GuardEvents[Name]) => unknown;

/** An event before it has its time. */
export type GuardEventPayload<Name extends GuardEventName> = Omit<GuardEvents[Name], keyof EventBase<Name>>;

/** Tells of a listener that threw: whether a session is admitted does not depend on who listens. */
export function warnOfListener(name: string, error: unknown): void {
  process.emitWarning(`a listener for a guard's "${name}" threw: ${String(error)}`, {
    code: 'GPUPROBE_LISTENER',
    detail: error instanceof Error ? (error.stack ?? '') : '',
  });
}
