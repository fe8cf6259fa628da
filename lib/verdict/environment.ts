import type { Host } from '../probe/report.js';

/** This process's variables that decide its access to the GPU. */

/** Returns for example `NVIDIA_VISIBLE_DEVICES is set to "void"`, or that it is not set. */
export function quoteVariable({ environment }: Host, name: string): string {
  const value = environment[name];
  return value === undefined ? `${name} is not set` : `${name} is set to ${JSON.stringify(value)}`;
}

/** Returns those variables that are set, quoted. */
export function quoteSetVariables(host: Host, ...names: readonly string[]): string[] {
  return names
    .filter((name) => host.environment[name] !== undefined)
    .map((name) => quoteVariable(host, name));
}

/** Returns the runtime's reading of NVIDIA_DRIVER_CAPABILITIES; null if it is not set. */
export function capabilities({ environment }: Host): string[] | null {
  const text = environment.NVIDIA_DRIVER_CAPABILITIES?.trim();
  return text === undefined || text === '' ? null : text.split(/\s*,\s*/);
}

/** Returns true for values of NVIDIA_VISIBLE_DEVICES with which the runtime adds no GPU. */
export function hidesGpus({ environment }: Host): boolean {
  return ['', 'void', 'none'].includes(environment.NVIDIA_VISIBLE_DEVICES ?? 'all');
}
