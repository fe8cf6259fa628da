import type { LimitName } from '../errors.js';

/** What this guard has done since it was made; other guards of a file have their own. */
export interface GuardCounters {
  admitted: number;
  refused: Record<LimitName, number>;
  /** `release()` and `verify()`, by what they saw. */
  released: { verified: number; leaking: number; unverified: number };
  /** Leases whose owner has ended. */
  orphaned: number;
  /** Places that were found free because nothing of their session was left. */
  freed: number;
  /** Sessions that `reconcile()` entered. */
  entered: number;
  /** Sessions that `evict` says it has ended. */
  evicted: number;
}

export function newCounters(): GuardCounters {
  return {
    admitted: 0,
    refused: { sessions: 0, memory: 0, 'encoder-sessions': 0, health: 0, 'canary-age': 0 },
    released: { verified: 0, leaking: 0, unverified: 0 },
    orphaned: 0,
    freed: 0,
    entered: 0,
    evicted: 0,
  };
}
