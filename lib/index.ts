/**
 * gpuprobe tells a Node service that its GPU is broken, or that its GPU monitoring is, before its users notice.
 *
 * @packageDocumentation
 */
export { ERRORS, type ErrorCode, GpuProbeError } from './errors.js';
export { probe } from './monitor/one-shot.js';
export type { OnProgress, Progress } from './probe/asking.js';
export type { CheckSelector, ProbeOptions, Simulation } from './probe/options.js';
export type * from './probe/report.js';
