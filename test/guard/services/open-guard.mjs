// @ts-check
// A guard of a shared file, over a GPU that is always well.
import { Guard } from '../../../build/lib/guard/guard.js';
import { fileStore } from '../../../build/lib/guard/ledger/file-store.js';
import { resolveGuardOptions } from '../../../build/lib/guard/options.js';
import { systemProcesses } from '../../../build/lib/guard/processes.js';
import { elapsedClock } from '../../../build/lib/native/clock.js';

const now = elapsedClock();

/** A monitor that sees a GPU which is well. */
const health = {
  read: () => ({
    simulated: false,
    looked: true,
    fault: null,
    wellAtMs: now(),
    suspended: false,
    unseen: null,
    nextCanaryMs: null,
    dark: 'nobody reads NVML here',
    readingsAtMs: null,
    freeBytes: null,
    encoderSessions: null,
    listsAtMs: null,
    processes: null,
    encoderPids: null,
  }),
  look: async () => {},
  wake: async () => {},
  readLists: async () => {},
  onChange: () => () => {},
};

/** @param {string} file @param {number} maxSessions */
export function openGuard(file, maxSessions) {
  return new Guard({
    options: resolveGuardOptions({ maxSessions, file, lockTimeoutMs: 10_000, releaseTimeoutMs: 0 }),
    store: fileStore(file, 10_000),
    processes: systemProcesses(),
    health,
    now,
    every(/** @type {number} */ ms, /** @type {() => void} */ run) {
      const timer = setInterval(run, ms).unref();
      return () => clearInterval(timer);
    },
  });
}
