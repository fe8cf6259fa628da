import { loadedAddon } from './binding.js';

/**
 * Ends the warden and its helpers, and waits until they are reaped, `limitMs` at most. What was asked gets no answer
 * any more: for a program that exits, and may take longer over it than a service, which waits by itself.
 */
export function endHelpers(limitMs: number): void {
  loadedAddon()?.binding.endWarden(limitMs);
}
