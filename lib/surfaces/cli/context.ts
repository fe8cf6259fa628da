import type { Guard } from '../../guard/guard.js';
import type { GuardOptions } from '../../guard/options.js';
import type { GpuProbe } from '../../monitor/gpu-probe.js';
import type { GpuProbeOptions } from '../../monitor/options.js';
import type { inspectInstallation } from '../../probe/installation.js';
import type { ProbeOptions } from '../../probe/options.js';
import type { OnProgress } from '../../probe/probe-client.js';
import type { Report } from '../../probe/report.js';
import type * as simulation from '../../sim/simulator.js';
import type { Paint } from './human/paint.js';

/** What the commands need to know of an output stream. */
export interface Terminal {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** All that the command line has from outside: given, so that it runs without a driver, an addon or a terminal. */
export interface CliContext {
  probe(options: ProbeOptions, hooks: { onProgress: OnProgress }): Promise<Report>;
  monitor(options: GpuProbeOptions): Promise<GpuProbe>;
  guard(gpu: GpuProbe, options: GuardOptions): Promise<Guard>;
  /** Resolves with the first signal that asks for the end; the process stays until then. */
  untilAskedToEnd(): Promise<NodeJS.Signals>;
  simulator(): Promise<typeof simulation>;
  installation(): Promise<{ inspectInstallation: typeof inspectInstallation }>;
  version(): string;
  stdout: Terminal;
  stderr: Terminal;
  stdin: { isTTY?: boolean | undefined };
  env: Readonly<Record<string, string | undefined>>;
  /** Monotonic milliseconds. */
  now(): number;
}

/** What commands choose from: each names in its `run` what it needs. */
export interface CommandContext extends CliContext {
  /** For stdout. */
  paint: Paint;
  /** The columns to write in. */
  width: number;
}

/** What a command leaves behind: data for stdout, messages for stderr, and the exit code. */
export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}
