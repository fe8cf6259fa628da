import { shortDuration } from '../../format.js';
import type { Progress } from '../../probe/probe-client.js';
import type { CliContext, Terminal } from './context.js';
import { widthOf } from './human/text.js';

/** Delay before the line appears: earlier, nobody wonders yet. */
const PATIENCE_MS = 1000;

const ERASE = '\r\u001b[2K';

/** One line about what is being waited for, erased afterwards. Only on a terminal. */
export interface ProgressLine {
  show(progress: Progress): void;
  erase(): void;
}

/** Starts the clock; the line appears with the first progress after {@link PATIENCE_MS}. */
export function createProgressLine(
  terminal: Terminal,
  env: CliContext['env'],
  now: () => number,
): ProgressLine {
  const startedAt = now();
  const able = terminal.isTTY === true && env.TERM !== 'dumb';
  let shown = false;
  return {
    show({ check, via, waitedMs, deadlineMs }) {
      if (!able || now() - startedAt < PATIENCE_MS) return;
      const text = `waiting for ${check} (${via}): ${shortDuration(waitedMs)} of ${shortDuration(deadlineMs)}`;
      terminal.write(ERASE + text.slice(0, widthOf(terminal.columns) - 1));
      shown = true;
    },
    erase() {
      if (shown) terminal.write(ERASE);
      shown = false;
    },
  };
}
