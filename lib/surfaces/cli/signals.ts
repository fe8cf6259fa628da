import { constants } from 'node:os';

/** The signals with which a person or a supervisor asks the process to exit. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Base of exit codes for signals, as in shells. */
const SIGNAL_BASE = 128;

/** Handles exit by signal when something must be cleaned up first. */
export interface Signals {
  /** From now on, a signal cleans up and then ends the process as it would have. */
  catchEndings(): void;
  /** Like `catchEndings`, but resolves with the first signal. Keeps the process alive until then. */
  untilAskedToEnd(): Promise<NodeJS.Signals>;
}

export function createSignals(cleanUp: () => void): Signals {
  let caught = false;
  let tell: ((signal: NodeJS.Signals) => void) | undefined;

  function onSignal(signal: NodeJS.Signals): void {
    const told = tell;
    tell = undefined;
    if (told === undefined) dieBy(signal);
    else told(signal);
  }

  /** Dies by the signal itself: a shell ends its loop after death by SIGINT, but not after an exit code. */
  function dieBy(signal: NodeJS.Signals): void {
    // mutation: signals-reap
    cleanUp();
    process.off(signal, onSignal);
    process.kill(process.pid, signal);
    // Signals have no default action for PID 1 of a container.
    process.exit(SIGNAL_BASE + constants.signals[signal]);
  }

  function catchEndings(): void {
    if (caught) return;
    caught = true;
    for (const signal of ENDINGS) process.on(signal, onSignal);
  }

  return {
    catchEndings,
    untilAskedToEnd() {
      catchEndings();
      // A monitor does not keep the process alive, but this process exists for it.
      const alive = setInterval(() => {}, 2 ** 30);
      return new Promise((resolve) => {
        tell = (signal) => {
          clearInterval(alive);
          resolve(signal);
        };
      });
    },
  };
}
