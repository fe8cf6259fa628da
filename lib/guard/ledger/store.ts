import { Ledger } from './ledger.js';

/**
 * Where the count is. A change sees the count as all guards have left it, and nobody else changes it meanwhile; it
 * throws before it changes anything, or not at all.
 */
export interface Store {
  /** This guard's number among the holders; valid within a change. */
  readonly guardSlot: number;
  /**
   * @param options wait: false: fail at once where another has the count's lock
   * @throws GpuProbeError ERR_GPUPROBE_LEDGER*, by rejecting
   */
  change<T>(change: (ledger: Ledger) => T, options?: { wait?: boolean }): T | Promise<T>;
  /** The count as it is now, not to be changed. */
  read(): Ledger;
  /** False only where that guard's process has ended, or the guard was closed. Within a change, or after a read. */
  guardLives(guardSlot: number): boolean;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

const SELF = 1;

/** The count of one guard, in its own memory: a change is made before the call returns. */
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
