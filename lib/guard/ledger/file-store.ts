import { setTimeout as sleep } from 'node:timers/promises';
import { GpuProbeError } from '../../errors.js';
import { LedgerFile } from './file.js';
import type { Ledger } from './ledger.js';
import type { Store } from './store.js';

/** Random wait between attempts to lock the file, to break step with others. A lock lasts microseconds. */
const LEAST_WAIT_MS = 1;
const MOST_WAIT_MS = 8;

async function whenFree<T>(file: LedgerFile, change: (ledger: Ledger) => T, patienceMs: number): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const made = file.tryChange(change);
    if (made !== undefined) return made.result;
    if (performance.now() >= until) {
      throw new GpuProbeError(
        'ERR_GPUPROBE_LEDGER_BUSY',
        `the guard's file ${file.path} was locked by another process for ${patienceMs} ms; a process that was stopped in the middle of a change keeps the lock until it continues or ends`,
      );
    }
    await sleep(LEAST_WAIT_MS + Math.random() * (MOST_WAIT_MS - LEAST_WAIT_MS));
  }
}

/** Returns the ledger that all guards of a file share. A guard's changes are made in call order. */
export function fileStore(path: string, lockTimeoutMs: number): Store {
  const file = new LedgerFile(path);
  let last: Promise<unknown> = Promise.resolve();
  return {
    get guardSlot() {
      return file.guardSlot;
    },
    change(change, { wait = true } = {}) {
      const made = last.then(() => whenFree(file, change, wait ? lockTimeoutMs : 0));
      last = made.catch(() => {});
      return made;
    },
    read: () => file.read(),
    guardLives: (guardSlot) => file.guardLives(guardSlot),
    async close() {
      await last;
      file.close();
    },
  };
}
