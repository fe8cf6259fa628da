/** One GPU in the report. */

/** Why a field of a device is null. */
export interface Unavailable {
  /** nvmlReturn_t; null if the reason is gpuprobe's own. */
  code: number | null;
  /** `NVML_ERROR_…`, or `NOT_READ_YET`, `NOT_AVAILABLE`, `ALL_ZERO`, `MALFORMED`, `TRUNCATED`, `NOT_UNIQUE`. */
  name: string;
}

/** A process that holds GPU memory, as NVML lists it. */
export interface GpuProcess {
  /** Host pid: in a container without the host's pid namespace, it is not a pid of this container. */
  pid: number;
  kind: 'compute' | 'graphics' | 'mps-compute';
  usedBytes: number | null;
  name: string | null;
}

/** A hardware encoder session (nvmlDeviceGetEncoderSessions). */
export interface EncoderSession {
  sessionId: number;
  pid: number;
  codec: 'h264' | 'hevc' | 'av1' | 'unknown';
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  averageFps: number;
  /** Microseconds. */
  averageLatencyUs: number;
}

/** Memory errors found by ECC, corrected and uncorrected. */
export interface EccCounts {
  corrected: number | null;
  uncorrected: number | null;
}

/** ECC of the GPU's memories (nvmlDeviceGetEccMode, nvmlDeviceGetTotalEccErrors). */
export interface Ecc {
  enabled: boolean | null;
  /** Value of `enabled` after the next reboot or reset. */
  pendingEnabled: boolean | null;
  /** Since the driver was loaded; null while ECC is off. */
  volatile: EccCounts;
  /** Over the life of the board; null while ECC is off. */
  aggregate: EccCounts;
}

/** Memory rows remapped to spare ones, on Ampere and newer (nvmlDeviceGetRemappedRows). */
export interface RemappedRows {
  /** Rows remapped because of correctable errors. */
  correctable: number;
  /** Rows remapped because of uncorrectable errors. */
  uncorrectable: number;
  /** A row remapping is pending; it needs a GPU reset. */
  pending: boolean;
  /** A row remapping has failed at some time: no spare row was left. */
  failure: boolean;
}

/** Memory pages retired before Ampere (nvmlDeviceGetRetiredPages); at most 64. */
export interface RetiredPages {
  /** Pages retired after several single-bit errors. */
  singleBit: number | null;
  /** Pages retired after a double-bit error. */
  doubleBit: number | null;
  /** A page retirement is pending; it needs a reload of the driver. */
  pending: boolean | null;
}

/**
 * What the driver needs so that the GPU fully works again, in the words of nvml.h's
 * NVML_GPU_RECOVERY_ACTION_*. `unknown-N`: the number N, which this version does not know.
 */
export type RecoveryAction =
  | 'none'
  | 'gpu-reset'
  | 'node-reboot'
  | 'drain-p2p'
  | 'drain-and-reset'
  | 'recover-imex-domain'
  | 'bus-reset'
  | 'system-reboot'
  | `unknown-${number}`;

/** The PCIe link. An idle GPU lowers the generation by itself; throughput is not read. */
export interface Pcie {
  /** nvmlDeviceGetCurrPcieLinkGeneration. */
  generation: number | null;
  /** The most that this GPU and this machine support together (nvmlDeviceGetMaxPcieLinkGeneration). */
  maxGeneration: number | null;
  /** Lanes (nvmlDeviceGetCurrPcieLinkWidth). */
  width: number | null;
  /** Lanes (nvmlDeviceGetMaxPcieLinkWidth). */
  maxWidth: number | null;
  /** Retransmitted packets (nvmlDeviceGetPcieReplayCounter). */
  replayCount: number | null;
}

/**
 * One GPU. Every null has its reason in `unavailable`, by field path; a group that is null as a whole has one
 * reason under its own path.
 */
export interface Device {
  /** NVML index: not stable across reboots, and not the CUDA ordinal. */
  index: number;
  uuid: string | null;
  name: string | null;
  /** `00000000:01:00.0`. */
  pciBusId: string | null;
  /** N of `/dev/nvidiaN`. */
  minor: number | null;
  /** Bytes of the whole GPU. `usedBytes` is allocated by processes, `reservedBytes` by the driver. */
  memory: {
    totalBytes: number | null;
    usedBytes: number | null;
    freeBytes: number | null;
    reservedBytes: number | null;
  };
  /** Ratios 0..1 over the driver's last sampling period. */
  utilization: {
    gpu: number | null;
    memory: number | null;
    encoder: number | null;
    decoder: number | null;
  };
  temperatureCelsius: number | null;
  powerWatts: number | null;
  powerLimitWatts: number | null;
  clocks: { smHertz: number | null; memoryHertz: number | null };
  /** Why clocks are below their maximum (nvmlDeviceGetCurrentClocksEventReasons). */
  throttleReasons: string[] | null;
  computeMode: 'default' | 'exclusive-thread' | 'prohibited' | 'exclusive-process' | 'unknown' | null;
  persistenceMode: boolean | null;
  migMode: boolean | null;
  encoder: {
    sessionCount: number | null;
    averageFps: number | null;
    averageLatencyUs: number | null;
    sessions: EncoderSession[] | null;
  };
  processes: GpuProcess[] | null;
  /** Null on a GPU without ECC. */
  ecc: Ecc | null;
  /** Null before Ampere, and in MIG mode. */
  remappedRows: RemappedRows | null;
  /** Null on GPUs that remap rows instead. */
  retiredPages: RetiredPages | null;
  /** NVML_FI_DEV_GET_GPU_RECOVERY_ACTION; null if the driver is too old for it. */
  recoveryAction: RecoveryAction | null;
  pcie: Pcie;
  /** Joules since the driver was loaded (nvmlDeviceGetTotalEnergyConsumption); null before Volta. */
  energyJoules: number | null;
  unavailable: Record<string, Unavailable>;
}
