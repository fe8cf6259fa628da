/** A process that NVML lists on a device. */
export interface ScenarioProcess {
  pid: number;
  kind: 'compute' | 'graphics' | 'mps-compute';
  /** Bytes; null: the driver cannot tell. */
  usedBytes: number | null;
  name: string;
  /** With any of these the process comes and goes, and its memory on top of the device's `usedBytes`. */
  fromSecond?: number;
  toSecond?: number;
  everySeconds?: number;
  /** What it leaves allocated each time that it ends. */
  leavesBytes?: number;
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
  /** Suspended by runtime power management. */
  asleep?: boolean;
  /** The last Xid that the driver reported. */
  xid?: number | null;
  /** What a CUDA context leaves allocated for good when it ends. */
  leakBytesPerContext?: number;
  encoder: { averageFps: number; averageLatencyUs: number; sessions: ScenarioEncoderSession[] } | null;
  processes: ScenarioProcess[];
}

/** A driver function that fails, lies, hangs, ends its process, or takes its time. */
export interface ScenarioFault {
  function: string;
  device?: number;
  delayMs?: number;
  return?: number;
  hang?: true | 'busy-loop';
  crash?: 'SIGSEGV' | 'SIGABRT';
  exit?: number;
  output?: 'garbage' | 'unterminated' | 'absurd-count';
  missing?: true;
  /** The first call that it strikes, counted from 1. */
  fromCall?: number;
  calls?: number;
  fromSecond?: number;
  toSecond?: number;
  probability?: number;
  seed?: number;
}

/** A simulated machine at one time: its driver, its devices, and what is wrong with it. */
export interface MachineState {
  driver: { version: string; nvmlVersion: string; cudaVersion: number } | null;
  access?: 'granted' | 'revoked' | 'revoked-when-warm';
  readings?: 'real' | 'zero' | 'frozen';
  exit?: 'clean' | 'deadlock';
  devices: ScenarioDevice[];
  faults?: ScenarioFault[];
}

type Change<T> = T extends readonly (infer E)[]
  ? E extends ScenarioDevice
    ? Change<E>[]
    : T
  : T extends object
    ? { [K in keyof T]?: Change<T[K]> }
    : T;

/** What changes in a machine; what is not said stays. */
export type MachineChange = Change<MachineState>;

/** A moment at which something happens. */
export interface ScenarioStep {
  /** Seconds from the beginning, or a time of day where the scenario `startsAt` one. */
  at: number | string;
  says?: string;
  set?: MachineChange;
}

/** A simulated machine, and what becomes of it. `native/sim/SCENARIO.md` says more. */
export interface Scenario extends MachineState {
  description: string;
  startsAt?: string;
  timeline?: ScenarioStep[];
}
