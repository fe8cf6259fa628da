/** What the guard needs to know of the GPU, and from when it is. Times are of the machine's monotonic clock. */
export interface GpuHealth {
  /** When NVML was last read well, in milliseconds; null: never. The readings below are from then. */
  readingsAtMs: number | null;
  /** Why NVML cannot be read now, in words; null: it can. */
  dark: string | null;
  /** Of the GPU that the guard is about; null: not known. */
  freeBytes: number | null;
  encoderSessions: number | null;
  /** Host pids of the encoder sessions; null: not known. */
  encoderPids: readonly number[] | null;
  /** Processes on the GPU by host pid, once for each kind; null: not known. */
  processes: readonly { pid: number; usedBytes: number | null }[] | null;
  /** The last look that tried what the next session will try; null: none yet. */
  canary: Canary | null;
}

/** A look that tried what the next session will try. */
export interface Canary {
  /** Milliseconds. */
  atMs: number;
  /** Why the next session would fail, for a person; null: it would not. */
  fault: string | null;
}

/** Where the guard learns how the GPU is. It never asks the driver itself. */
export interface HealthSource {
  /** What is known; takes no time. */
  read(): GpuHealth;
  /** Looks again. Resolves when the look is over, whatever it saw, and never rejects. */
  look(): Promise<void>;
  /** Told whenever something new is known. Returns how to be told no more. */
  onChange(listener: () => void): () => void;
}
