import type { GpuProbeError } from '../errors.js';
import type { BreakerState } from './breaker.js';
import type { Fault } from './health.js';
import type { LeaseInfo } from './lease.js';

/** What a guard tells, by name. */
export interface GuardEvents {
  /** The count has reached `warnAt`, coming from below. */
  warning: { sessions: number; warnAt: number; maxSessions: number };
  admitted: { lease: LeaseInfo };
  refused: { id: string; error: GpuProbeError };
  /** The owner of a lease has ended. The session may run on, and counts. */
  orphaned: { lease: LeaseInfo };
  /** A session is said to have ended, and these of its processes have not. It counts. */
  leaking: { lease: LeaseInfo; survivors: number[]; leakedBytes: number | null };
  /** A session is said to have ended, and nobody can tell whether it has. It counts no more. */
  unverified: { lease: LeaseInfo };
  /** A place is free: its session was seen to have ended. */
  freed: { lease: LeaseInfo };
  /** Whether sessions are admitted at all has changed; `fault` says why not. */
  breaker: { state: BreakerState; fault: Fault | null };
  /** What the guard does by itself failed: the count could not be read or written. */
  failure: { error: unknown };
}

/** `warning`, `admitted`, `refused` and so on. */
export type GuardEventName = keyof GuardEvents;
/** Called with the event, synchronously. */
export type GuardListener<Name extends GuardEventName> = (event: GuardEvents[Name]) => void;

/**
 * Listeners of a guard. One that throws is a warning of the process (`GPUPROBE_LISTENER`) and nothing else: whether a
 * session is admitted does not hang on who is told.
 */
export class Listeners {
  readonly #listeners = new Map<GuardEventName, Set<GuardListener<GuardEventName>>>();

  add<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): void {
    const known = this.#listeners.get(name) ?? new Set();
    known.add(listener as GuardListener<GuardEventName>);
    this.#listeners.set(name, known);
  }

  remove<Name extends GuardEventName>(name: Name, listener: GuardListener<Name>): void {
    this.#listeners.get(name)?.delete(listener as GuardListener<GuardEventName>);
  }

  tell<Name extends GuardEventName>(name: Name, event: GuardEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        (listener as GuardListener<Name>)(event);
      } catch (error) {
        process.emitWarning(`a listener for a guard's "${name}" threw: ${String(error)}`, {
          code: 'GPUPROBE_LISTENER',
          detail: error instanceof Error ? (error.stack ?? '') : '',
        });
      }
    }
  }
}
