import type { Guard } from '../../guard/guard.js';
import type { GuardOptions } from '../../guard/options.js';
import type { GpuProbe } from '../../monitor/gpu-probe.js';
import type { GpuProbeOptions } from '../../monitor/options.js';
import type { InstallationReport } from '../../probe/installation.js';
import type { ProbeOptions, Simulation } from '../../probe/options.js';
import type { Report } from '../../probe/report.js';

/** Which check a probe waits for, and how long it has. */
export interface Progress {
  check: string;
  via: string;
  waitedMs: number;
  deadlineMs: number;
}

/** The simulated driver, as commands use it. */
export interface Simulator {
  listScenarios(): readonly { name: string; description: string }[];
  loadScenario(nameOrPath: string): object;
  scenarioSchema(): object;
  /** Starts a machine; what a program needs in its environment to be on it. */
  simulatedEnvironment(simulation: Simulation, environment: Environment): Environment;
  /** What the scenario will tell, and when. */
  narrate(simulation: Simulation): readonly { afterMs: number; at: string; says: string }[];
  /** A machine as it is now: of a pid, or the one around this process. */
  runningMachine(world: string | null, environment: Environment): object;
  changeRunningMachine(world: string | null, environment: Environment, assignments: readonly string[]): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What tells of the installation. */
export interface Installation {
  inspectInstallation(options: ProbeOptions): Promise<InstallationReport>;
}

/** What the commands need to know of an output stream. */
export interface Terminal {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** All that commands have from outside: given, so that they run without a driver, an addon or a terminal. */
export interface CliContext {
  probe(options: ProbeOptions, hooks: { onProgress: (progress: Progress) => void }): Promise<Report>;
  monitor(options: GpuProbeOptions): Promise<GpuProbe>;
  guard(gpu: GpuProbe, options: GuardOptions): Promise<Guard>;
  /** Resolves with the first signal that asks for the end; the process stays until then. */
  untilAskedToEnd(): Promise<NodeJS.Signals>;
  simulator(): Promise<Simulator>;
  installation(): Promise<Installation>;
  version: string;
  stdout: Terminal;
  stderr: Terminal;
  stdin: { isTTY?: boolean | undefined };
  env: Environment;
  /** Monotonic milliseconds. */
  now(): number;
}

/** What a command leaves behind: data for stdout, messages for stderr, and the exit code. */
export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}
