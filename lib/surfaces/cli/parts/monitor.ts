export { createGpuProbe } from '../../../monitor/create-gpu-probe.js';
export { endHelpers } from '../../../monitor/ending.js';
