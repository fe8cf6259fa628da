/** Why the next session would fail. */
export interface Fault {
  /** Id of the finding (`gpuprobe explain ID`), or of the check that failed. */
  id: string;
  /** A sentence for people. */
  summary: string;
}

/** What the guard knows about the GPU, and since when. Times are milliseconds of the guard's clock. */
export interface GpuHealth {
  /** True if the driver is simulated. */
  simulated: boolean;
  /** True if a canary has run, or a fault was found before. */
  looked: boolean;
  /** Null if nothing predicts that the next session would fail. */
  fault: Fault | null;
  /** Time of the last successful canary of what the next session will do; null: never. */
  wellAtMs: number | null;
  /** True if runtime power management has suspended a GPU, so the canaries were skipped to not wake it. */
  suspended: boolean;
  /** Why gpuprobe could not check whether a session would start; null if it could. */
  unseen: string | null;
  /** Expected time of the next canary's answer; null if not known. */
  nextCanaryMs: number | null;
  /** Why NVML's readings are not reliable now, in words; null if they are. */
  dark: string | null;
  /** Time of the last NVML reading; null: never. */
  readingsAtMs: number | null;
  /** Free bytes of the guarded GPU; null if not known. */
  freeBytes: number | null;
  encoderSessions: number | null;
  /** Time of the last reading of the lists, which are read less often; null: never. */
  listsAtMs: number | null;
  /** Processes on the GPUs by host pid, one entry per kind; null if not known. */
  processes: readonly { pid: number; usedBytes: number | null }[] | null;
  /** Host pids of the encoder sessions; null if not known. */
  encoderPids: readonly number[] | null;
}

/** The guard's source of GPU health. The guard never calls the driver itself. */
export interface HealthSource {
  /** Returns what is known. Does not block. */
  read(): GpuHealth;
  /** Resolves after a look, whatever it found. */
  look(): Promise<void>;
  /** Resolves after the canaries have run now, also on suspended GPUs, which wakes them. */
  wake(): Promise<void>;
  /** Resolves after NVML's lists have been read now. */
  readLists(): Promise<void>;
  /** Calls the listener on each change. Returns a function that removes it. */
  onChange(listener: () => void): () => void;
}
