import type { CheckId } from './report.js';

/** What `probe()` may be told. Everything has a default. */
export interface ProbeOptions {
  /**
   * Milliseconds after which a check that has not answered is reported as `timeout`. Default: NVML 5000,
   * CUDA 15 000. The call itself goes on, and its late answer counts.
   */
  deadlineMs?: number;
  /** Milliseconds after which the process of a call that never answered is killed. Default 60 000. */
  hardDeadlineMs?: number;
  /** Only these checks, and what they need; `nvml` and `cuda` stand for all of theirs. Default: all. */
  checks?: readonly (CheckId | 'nvml' | 'cuda')[];
  /**
   * `process` (default): driver calls run in helper processes. `thread`: on one thread of this process,
   * for where exec is forbidden; a crash or an exit-time deadlock of the driver is then this process's own.
   */
  isolation?: 'process' | 'thread';
  /** Fail unless at least this many GPUs answer. */
  require?: number;
  /** Load the libraries even where the kernel has no NVIDIA driver. */
  force?: boolean;
  /** Name or path of a scenario: ask the simulated driver instead of the machine's. */
  simulate?: string;
  /** Bytes of free GPU memory under which no CUDA context is created. Default 1 GiB. */
  contextReserveBytes?: number;
  /** Directories, colon-separated, in which to look for the driver's libraries first. */
  libraryPath?: string;
}
