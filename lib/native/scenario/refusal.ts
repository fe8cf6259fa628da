import { type ErrorCode, GpuProbeError } from '../../errors.js';

/** Refuses a scenario. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new GpuProbeError(code, message, cause === undefined ? undefined : { cause });
}

/** Refuses it for what stands in a file, naming the field. */
export function invalid(file: string, path: string, message: string, cause?: unknown): never {
  fail('ERR_GPUPROBE_SCENARIO_INVALID', `${file}: ${path === '' ? '' : `${path}: `}${message}`, cause);
}
