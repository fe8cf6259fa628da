import type { ProbeOptions } from '../../probe/options.js';
import type { Report } from '../../probe/report.js';

/** Which check a probe waits for, and how long it has. */
export interface Progress {
  check: string;
  via: string;
  waitedMs: number;
  deadlineMs: number;
}

/** A simulated machine, by name. */
export interface Scenario {
  name: string;
  description: string;
}

/** What the commands need to know of an output stream. */
export interface Terminal {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** All that commands have from outside: given, so that they run without a driver, an addon or a terminal. */
export interface Surroundings {
  probe(options: ProbeOptions, hooks: { onProgress: (progress: Progress) => void }): Promise<Report>;
  listScenarios(): Promise<readonly Scenario[]>;
  version: string;
  stdout: Terminal;
  stderr: Terminal;
  env: Readonly<Record<string, string | undefined>>;
  /** Monotonic milliseconds. */
  now(): number;
}

/** What a command leaves behind: data for stdout, messages for stderr, and the exit code. */
export interface Ending {
  exitCode: number;
  stdout: string;
  stderr: string;
}
