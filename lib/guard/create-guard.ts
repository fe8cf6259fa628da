import type { GpuProbe } from '../monitor/gpu-probe.js';
import { elapsedClock } from '../native/clock.js';
import { Guard } from './guard.js';
import { fileStore } from './ledger/file-store.js';
import { memoryStore } from './ledger/store.js';
import { MonitorHealth } from './monitor-health.js';
import { type GuardOptions, resolveGuardOptions } from './options.js';
import { systemProcesses } from './processes.js';

/**
 * Makes a guard over what a monitor sees: it admits sessions up to a limit, and none while the next one would fail. It
 * asks the monitor, and never the driver; it keeps no process alive. Close it before the monitor.
 * @param gpu from `createGpuProbe()`
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; ERR_GPUPROBE_LEDGER and ERR_GPUPROBE_ADDON_NOT_FOUND with `file`
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
