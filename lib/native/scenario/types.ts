/** A process that NVML lists on a device. */
export interface ScenarioProcess {
  pid: number;
  kind: 'compute' | 'graphics' | 'mps-compute';
  /** Bytes; null: the driver cannot tell. */
  usedBytes: number | null;
  name: string;
}

/** An encoder session on a device. */
export interface ScenarioEncoderSession {
  sessionId: number;
  pid: number;
  /** 0 H.264, 1 HEVC, 2 AV1. */
  codec: number;
  width: number;
  height: number;
  averageFps: number;
  averageLatencyUs: number;
}

/** One simulated GPU. Units are the driver's own and stand in the names. */
export interface ScenarioDevice {
  name: string;
  uuid: string;
  pciBusId: string;
  minor: number;
  memory: { totalBytes: number; usedBytes: number; reservedBytes: number };
  utilizationPercent: { gpu: number; memory: number; encoder: number; decoder: number };
  temperatureCelsius: number;
  powerMilliwatts: number;
  powerLimitMilliwatts: number;
  clocks: { smMegahertz: number; memoryMegahertz: number };
  clockEventReasons: number;
  computeMode: number;
  persistenceMode: number;
  migMode: number | null;
  lost?: boolean | 'when-warm';
  contextBytes: number;
  encoder: { averageFps: number; averageLatencyUs: number; sessions: ScenarioEncoderSession[] } | null;
  processes: ScenarioProcess[];
}

/** A driver function that fails, hangs or takes its time. */
export interface ScenarioFault {
  function: string;
  device?: number;
  delayMs?: number;
  return?: number;
  hang?: true;
}

/** One simulated machine: its driver, its devices, and what is wrong with it. `native/sim/SCENARIO.md` says more. */
export interface Scenario {
  description: string;
  driver: { version: string; nvmlVersion: string; cudaVersion: number } | null;
  access?: 'granted' | 'revoked' | 'revoked-when-warm';
  readings?: 'real' | 'zero';
  devices: ScenarioDevice[];
  faults?: ScenarioFault[];
}

/** A scenario ready for the simulated driver. */
export interface LoadedScenario {
  /** The built-in name, or the path as given. */
  name: string;
  /** With everything that `extends` brought. */
  scenario: Scenario;
  /** The same as `path=value` lines. */
  text: string;
}
