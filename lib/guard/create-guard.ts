import type { GpuProbe } from '../monitor/gpu-probe.js';
import { elapsedClock } from '../native/clock.js';
import { Guard } from './guard.js';
import { fileStore } from './ledger/file-store.js';
import { memoryStore } from './ledger/store.js';
import { MonitorHealth } from './monitor-health.js';
import { type GuardOptions, resolveGuardOptions } from './options.js';
import { systemProcesses } from './processes.js';

/**
 * Creates a guard on top of a monitor. It admits sessions up to a limit, and none while the next one would
 * fail. The guard asks the monitor, never the driver, and does not keep the process alive. Close it before
 * the monitor.
 * @param gpu from `createGpuProbe()`
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; ERR_GPUPROBE_LEDGER and ERR_GPUPROBE_ADDON_NOT_FOUND
 * with `file`
 */
export function createGuard(
  gpu: Pick<GpuProbe, 'latest' | 'check' | 'on' | 'off'>,
  options: GuardOptions,
): Guard {
  const resolved = resolveGuardOptions(options);
  const now = elapsedClock();
  const { file, lockTimeoutMs, device } = resolved;
  return new Guard({
    options: resolved,
    health: new MonitorHealth(gpu, device, now),
    store: file === undefined ? memoryStore() : fileStore(file, lockTimeoutMs),
    processes: systemProcesses(),
    now,
    every(ms, run) {
      const timer = setInterval(run, ms).unref();
      return () => clearInterval(timer);
    },
  });
}
