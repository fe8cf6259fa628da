import type { Guard } from '../../guard/guard.js';
import type { GuardOptions } from '../../guard/options.js';
import type { GpuProbe } from '../../monitor/gpu-probe.js';
import type { GpuProbeOptions } from '../../monitor/options.js';
import type { inspectInstallation } from '../../probe/installation.js';
import type { ProbeOptions } from '../../probe/options.js';
import type { OnProgress } from '../../probe/probe-client.js';
import type { Report } from '../../probe/report.js';
import type * as simulation from '../../sim/simulator.js';
import type { Environment, Paint } from './human/paint.js';

/** The part of an output stream that the commands use. */
export interface Terminal {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** The command line's environment. It is injected, so that tests need no driver, addon or terminal. */
export interface CliContext {
  probe(options: ProbeOptions, hooks: { onProgress: OnProgress }): Promise<Report>;
  monitor(options: GpuProbeOptions): Promise<GpuProbe>;
  guard(gpu: GpuProbe, options: GuardOptions): Promise<Guard>;
  /** Resolves with the first signal that asks the process to exit. Keeps the process alive until then. */
  untilAskedToEnd(): Promise<NodeJS.Signals>;
  simulator(): Promise<typeof simulation>;
  installation(): Promise<{ inspectInstallation: typeof inspectInstallation }>;
  version(): string;
  stdout: Terminal;
  stderr: Terminal;
  stdin: { isTTY?: boolean | undefined };
  env: Environment;
  /** Monotonic milliseconds. */
  now(): number;
}

/** What commands can use; the `run` of each names what it needs. */
export interface CommandContext extends CliContext {
  /** For stdout. */
  paint: Paint;
  /** Width of the output in columns. */
  width: number;
}

/** The result of a command: data for stdout, messages for stderr, and the exit code. */
export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}
