/**
 * Upper limits on driver calls per look: for the machine, per GPU, and per process and encoder session on a
 * GPU. test/monitor/budget.test.ts counts the calls on the simulated driver.
 */
export const CALLS = {
  /** NVML calls in the process that keeps NVML open. */
  telemetry: { gpu: 32 },
  /** Calls for the lists: compute, graphics and MPS processes, encoder sessions, and each process's name. */
  lists: { gpu: 4, process: 1 },
  /** A fresh start of NVML and CUDA, and a context on each GPU in a warm process and in a fresh one. */
  canary: { machine: 5, gpu: 24 },
} as const;

/** The monitored machine and its intervals, as in GpuProbeOptions. */
export interface Load {
  gpus: number;
  /** Processes that hold memory, over all GPUs. */
  processes: number;
  intervalMs: number;
  listsIntervalMs: number;
  canaryIntervalMs: number;
}

/** Returns the upper limit of driver calls per second on a healthy driver. A broken driver gets fewer. */
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
