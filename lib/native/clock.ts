import { loadAddon } from './binding.js';

/**
 * Milliseconds of time that passes, whatever is done to the wall clock: CLOCK_BOOTTIME, which Node does not give. Its
 * own performance.now() is CLOCK_MONOTONIC, and stands still while the machine sleeps; a reading from before is not
 * young after an hour's sleep. Where there is no addon there are no readings either, and Node's has to do.
 */
export function elapsedClock(): () => number {
  try {
    return loadAddon().binding.bootMs;
  } catch {
    return () => performance.now();
  }
}
