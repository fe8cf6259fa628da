/** Why the next session would fail. */
export interface Fault {
  /** Of the finding: `gpuprobe explain ID`; or of the check that failed. */
  id: string;
  /** For a person. */
  summary: string;
}

/** What the guard needs to know of the GPU, and from when it is. Times are milliseconds of the guard's own clock. */
export interface GpuHealth {
  /** A simulated driver is asked. */
  simulated: boolean;
  /** Somebody has tried, or found a fault before. */
  looked: boolean;
  /** Null: nothing says that the next session would fail. */
  fault: Fault | null;
  /** When a canary last tried what the next session will try, and nothing failed; null: never. */
  wellAtMs: number | null;
  /** A GPU is suspended by runtime power management, and the canaries were left out so as not to wake it. */
  suspended: boolean;
  /** Why gpuprobe could not look whether a session would start; null: it could. */
  unseen: string | null;
  /** When the next canary has answered, as far as can be expected; null: not known. */
  nextCanaryMs: number | null;
  /** Why NVML's readings are not to be relied on now, in words; null: they are. */
  dark: string | null;
  /** When NVML was last read; null: never. */
  readingsAtMs: number | null;
  /** Bytes, of the GPU that the guard is about; null: not known. */
  freeBytes: number | null;
  encoderSessions: number | null;
  /** When the lists were read, which is less often; null: never. */
  listsAtMs: number | null;
  /** Processes on the GPUs by host pid, once for each kind; null: not known. */
  processes: readonly { pid: number; usedBytes: number | null }[] | null;
  /** Host pids of the encoder sessions; null: not known. */
  encoderPids: readonly number[] | null;
}

/** Where the guard learns how the GPU is. It never asks the driver itself. */
export interface HealthSource {
  /** What is known; takes no time. */
  read(): GpuHealth;
  /** Resolves when somebody has looked, whatever was seen. */
  look(): Promise<void>;
  /** Resolves when the canaries have tried now, on GPUs that are suspended too, which wakes them. */
  wake(): Promise<void>;
  /** Resolves when NVML's lists have been read now. */
  readLists(): Promise<void>;
  /** Told whenever something new is known. Returns how to be told no more. */
  onChange(listener: () => void): () => void;
}
