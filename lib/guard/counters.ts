import type { LimitName } from '../errors.js';

/** What this guard has done since it was created. Other guards of the same file count separately. */
export interface GuardCounters {
  admitted: number;
  refused: Record<LimitName, number>;
  /** Results of `release()` and `verify()`. */
  released: { verified: number; leaking: number; unverified: number };
  /** Leases whose owner has exited. */
  orphaned: number;
  /** Places freed because nothing of their session was left. */
  freed: number;
  /** Sessions that `reconcile()` added. */
  entered: number;
  /** Sessions that the `evict` callback reports as ended. */
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
