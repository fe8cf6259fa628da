import type { GpuProbe } from './gpu-probe.js';
import { Monitor, type MonitorDeps } from './monitor.js';
import { type GpuProbeOptions, resolveGpuProbeOptions } from './options.js';

/**
 * Starts a monitor that polls the GPUs and emits events for changes. The monitor does not keep the process
 * alive and ends with it; a pending `check()` keeps the process alive until it settles.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION
 */
export function createGpuProbe(options: GpuProbeOptions = {}): GpuProbe {
  return createGpuProbeOn({}, options);
}

/** Like {@link createGpuProbe}, with the given dependencies. */
export function createGpuProbeOn(deps: MonitorDeps, options: GpuProbeOptions): GpuProbe {
  return new Monitor(resolveGpuProbeOptions(options), deps);
}
