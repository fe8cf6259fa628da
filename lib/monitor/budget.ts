/**
 * How many calls into the driver a look makes at most, by what there is: for the machine, for each GPU, and for each
 * process and encoder session on it. Counted on the simulated driver by test/monitor/budget.test.ts.
 */
export const CALLS = {
  /** NVML, in the process that keeps it open. */
  telemetry: { gpu: 32 },
  /** What the lists add: compute, graphics and MPS processes and encoder sessions, and the name of each process. */
  lists: { gpu: 4, process: 1 },
  /** NVML and CUDA opened afresh, and a context made on each GPU by a warm process and by a fresh one. */
  canary: { machine: 5, gpu: 24 },
} as const;

/** What is looked at, and how often; the intervals are those of GpuProbeOptions. */
export interface Load {
  gpus: number;
  /** Processes that hold memory, over all GPUs. */
  processes: number;
  intervalMs: number;
  listsIntervalMs: number;
  canaryIntervalMs: number;
}

/** Calls into the driver in a second, at most, while all is well. In trouble there are fewer. */
export function callsPerSecond({
  gpus,
  processes,
  intervalMs,
  listsIntervalMs,
  canaryIntervalMs,
}: Load): number {
  const { telemetry, lists, canary } = CALLS;
  return (
    (1000 * telemetry.gpu * gpus) / intervalMs +
    (1000 * (lists.gpu * gpus + lists.process * processes)) / listsIntervalMs +
    (1000 * (canary.machine + canary.gpu * gpus)) / canaryIntervalMs
  );
}
