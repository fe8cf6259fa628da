import { Ledger } from './ledger.js';

/**
 * Stores the ledger. A change sees the latest state of all guards and excludes other changes. It throws
 * before it changes anything, or not at all.
 */
export interface Store {
  /** This guard's slot number; valid within a change. */
  readonly guardSlot: number;
  /**
   * @param options wait: false: fail immediately if another process holds the ledger's lock
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*, by rejecting
   */
  change<T>(change: (ledger: Ledger) => T, options?: { wait?: boolean }): T | Promise<T>;
  /** Returns the current ledger; the caller must not change it. */
  read(): Ledger;
  /** False only if that guard is closed or its process exited. Valid within a change or after a read. */
  guardLives(guardSlot: number): boolean;
  /** Waits for pending changes. */
  close(): Promise<void>;
}

const SELF = 1;

/** Returns a ledger in memory for one guard: a change is made before the call returns. */
export function memoryStore(): Store {
  const ledger = new Ledger();
  return {
    guardSlot: SELF,
    change: (change) => change(ledger),
    read: () => ledger,
    guardLives: (guardSlot) => guardSlot === SELF,
    close: () => Promise.resolve(),
  };
}
