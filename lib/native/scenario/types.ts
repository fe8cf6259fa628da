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

interface Counts {
  corrected: number;
  uncorrected: number;
}

/**
 * One simulated GPU. Units are the driver's own and stand in the names; null: the model has no such thing, and NVML
 * answers NOT_SUPPORTED.
 */
export interface ScenarioDevice {
  name: string;
  serial: string | null;
  boardPartNumber: string | null;
  vbiosVersion: string | null;
  /** nvmlBrandType_t. */
  brand: number;
  /** nvmlDeviceArchitecture_t. */
  architecture: number;
  pci: { deviceId: number; subsystemId: number };
  computeCapability: { major: number; minor: number };
  multiprocessors: number;
  /** Device memory that a CUDA context costs. */
  contextBytes: number;
  uuid: string;
  pciBusId: string;
  minor: number;
  memory: { totalBytes: number; usedBytes: number; reservedBytes: number };
  bar1: { totalBytes: number; usedBytes: number };
  utilizationPercent: { gpu: number; memory: number; encoder: number; decoder: number };
  temperatureCelsius: number;
  memoryTemperatureCelsius: number | null;
  temperatureLimits: {
    slowdownCelsius: number | null;
    shutdownCelsius: number | null;
    maxOperatingCelsius: number | null;
  };
  fanPercent: number | null;
  /** 0 is P0. */
  performanceState: number;
  powerMilliwatts: number;
  powerLimitMilliwatts: number;
  powerLimits: { defaultMilliwatts: number; minMilliwatts: number; maxMilliwatts: number };
  /** Since the driver was loaded, when the scenario begins; grows with the power from there. */
  energyMillijoules: number | null;
  clocks: { smMegahertz: number; memoryMegahertz: number; videoMegahertz: number };
  maxClocks: { smMegahertz: number; memoryMegahertz: number; videoMegahertz: number };
  clockEventReasons: number;
  computeMode: number;
  persistenceMode: number;
  migMode: number | null;
  ecc: { enabled: boolean; pending: boolean; volatile: Counts; aggregate: Counts } | null;
  remappedRows: { correctable: number; uncorrectable: number; pending: boolean; failure: boolean } | null;
  retiredPages: { singleBit: number; doubleBit: number; pending: boolean } | null;
  /** NVML_FI_DEV_GET_GPU_RECOVERY_ACTION. */
  recoveryAction: number | null;
  pcie: {
    generation: number;
    maxGeneration: number;
    width: number;
    maxWidth: number;
    replayCount: number;
    txKilobytesPerSecond: number;
    rxKilobytesPerSecond: number;
  };
  lost?: boolean | 'when-warm';
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
