import type { GpuProbe } from './gpu-probe.js';
import { Monitor, type MonitorDeps } from './monitor.js';
import { type GpuProbeOptions, resolveGpuProbeOptions } from './options.js';

/**
 * Watches the GPUs: looks at them again and again, and tells what changes. It never keeps the process alive, and ends
 * with it; a `check()` that is waited for does, until it settles.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION
 */
export function createGpuProbe(options: GpuProbeOptions = {}): GpuProbe {
  return createGpuProbeOn({}, options);
}

/** The same on grounds of one's own. */
export function createGpuProbeOn(deps: MonitorDeps, options: GpuProbeOptions): GpuProbe {
  return new Monitor(resolveGpuProbeOptions(options), deps);
}
