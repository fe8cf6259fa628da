/**
 * The variables passed to the processes that enter the driver: what the driver's libraries read, and what any
 * program needs. A running warden's own environment is fixed at exec, so each source carries its own. The
 * rest of a service's environment, including its secrets, is not passed.
 */
const PREFIXES = ['CUDA_', 'NVIDIA_', 'NV_', '__NV', '__GL', '__EGL', '__RM_', 'EGL_', 'GPUPROBE_SIM_'];
const NAMES = new Set([
  'DISPLAY',
  'HOME',
  'LANG',
  'LC_ALL',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'PATH',
  'TMPDIR',
  'USER',
  'XDG_RUNTIME_DIR',
]);

/** Returns `NAME=value` strings in a stable order, so that equal environments give the same source. */
export function driverEnvironment(environment: NodeJS.ProcessEnv): string[] {
  const isForwarded = (name: string) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
  // mutation: environment-list
  const forwarded = Object.entries(environment).filter(([name]) => isForwarded(name));
  return forwarded.map(([name, value]) => `${name}=${value ?? ''}`).sort();
}
