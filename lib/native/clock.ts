import { loadAddon } from './binding.js';

/**
 * Returns a clock in milliseconds, independent of the wall clock: CLOCK_BOOTTIME, which Node does not
 * provide. performance.now() is CLOCK_MONOTONIC and stops while the machine sleeps, so a reading would look
 * recent after an hour of sleep. Without the addon there are no readings, and performance.now() is
 * sufficient.
 */
export function elapsedClock(): () => number {
  try {
    return loadAddon().binding.bootMs;
  } catch {
    return () => performance.now();
  }
}
