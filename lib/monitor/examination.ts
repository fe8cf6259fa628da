import { type Examination, examine } from '../probe/examine.js';
import { type ProbeOptions, resolveOptions } from '../probe/options.js';

export type { Examination, ExaminedLibrary } from '../probe/examine.js';

/**
 * What `gpuprobe doctor` tells: the installation, the kernel's driver, the driver's libraries function by function.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION, ERR_GPUPROBE_SCENARIO_*
 */
export function examineInstallation(options: ProbeOptions): Promise<Examination> {
  return examine(resolveOptions(options));
}
