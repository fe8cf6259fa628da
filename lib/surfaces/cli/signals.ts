import { constants } from 'node:os';

/** The signals by which a person or a supervisor asks for the end. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What is known of a signal by its default action alone, as shells have it. */
const SIGNAL_BASE = 128;

/** The end by a signal, once something has to be cleaned up before it. */
export interface Signals {
  /** From now on a signal ends the process as it would have, but cleaned up. */
  catchEndings(): void;
  /** The same, but for the first: resolves with it. The process stays until then. */
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

  /** By the signal itself: a shell ends its loop after a program that died by SIGINT, and not after an exit code. */
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
      // A monitor keeps no process alive, and this one is there for it.
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
