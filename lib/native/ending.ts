import { loadedAddon } from './binding.js';

/**
 * Ends the warden and its helpers, and waits at most `limitMs` until they are reaped. Pending requests get no
 * answer. For a program that exits and can wait longer for this than a service does at its own exit.
 */
export function endHelpers(limitMs: number): void {
  loadedAddon()?.binding.endWarden(limitMs);
}
