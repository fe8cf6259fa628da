import { GpuProbeError } from '../errors.js';
import { openSource, type Source } from '../native/source.js';
import type { Machine } from '../sim/machine.js';
import { type Simulation, WORLD_VARIABLE } from '../sim/simulation.js';
import { notAsked } from './check.js';
import { describeHost, hasGlibc } from './host.js';
import type { ResolvedOptions } from './options.js';
import type { CheckId, Facts } from './report.js';

/** The machine that is asked; null if NVIDIA has no driver for it that gpuprobe knows. */
export interface OpenedMachine {
  source: Source;
  /** The simulated machine behind the source, if any. */
  simulated: Machine | undefined;
}

/**
 * Returns the machine to simulate, or the one that `gpuprobe sim` started this process on. The simulator's
 * code is loaded only if needed, because a one-shot check of a real machine is faster without it.
 */
async function machineOf(simulate: Simulation | undefined): Promise<Machine | undefined> {
  const path = process.env[WORLD_VARIABLE];
  if (simulate === undefined && path === undefined) return undefined;
  const { joinMachine, startMachine } = await import('../sim/machine.js');
  return simulate === undefined ? joinMachine(path as string) : startMachine(simulate);
}

/**
 * Opens the machine that the options name. Returns null on platforms other than Linux with glibc, the only
 * ones with NVIDIA libraries (besides Windows, which gpuprobe does not support).
 * @throws GpuProbeError if gpuprobe itself cannot work: no addon, an unknown scenario
 */
export async function openMachine(options: ResolvedOptions): Promise<OpenedMachine | null> {
  if (process.platform !== 'linux') return null;
  try {
    const simulated = await machineOf(options.simulate);
    const source = openSource({
      inThread: options.isolation === 'thread',
      libraryPath: options.libraryPath,
      ...(simulated === undefined ? {} : { machine: simulated }),
    });
    return { source, simulated };
  } catch (error) {
    // The addon cannot load on musl, and building it would not help.
    const isMusl =
      error instanceof GpuProbeError && error.code === 'ERR_GPUPROBE_ADDON_NOT_FOUND' && !hasGlibc();
    if (isMusl) return null;
    throw error;
  }
}

/** Returns the facts for a platform without a driver. */
export function unsupportedPlatform(options: ResolvedOptions, takenAt: Date): Facts {
  const detail = `gpuprobe probes Linux with glibc; this is ${process.platform}-${process.arch}`;
  const row = (id: CheckId) => notAsked(id, 'layer0', null, 'unsupported', 'PLATFORM_UNSUPPORTED', detail);
  return {
    schemaVersion: 1,
    simulated: false,
    takenAt: takenAt.toISOString(),
    parts: { nodes: null, telemetry: null, lists: null, canary: null },
    durationMs: 0,
    host: describeHost(null, false),
    driver: { version: null, nvmlVersion: null, cudaVersion: null, libraries: null },
    checks: [...options.checks].map(row),
    devices: [],
    xids: null,
  };
}
