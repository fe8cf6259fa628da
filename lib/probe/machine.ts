import { GpuProbeError } from '../errors.js';
import { openSource, type Source } from '../native/source.js';
import type { Machine } from '../sim/machine.js';
import { type Simulation, WORLD_VARIABLE } from '../sim/simulation.js';
import { notAsked } from './check.js';
import { describeHost, hasGlibc } from './host.js';
import type { ResolvedOptions } from './options.js';
import type { CheckId, Facts } from './report.js';

/** Where questions go; null where NVIDIA has no driver that gpuprobe knows. */
export interface OpenedMachine {
  source: Source;
  /** The simulated machine behind it, if any. */
  simulated: Machine | undefined;
}

/**
 * The machine to simulate, or the one that this process was started on by `gpuprobe sim`. The code for that is only
 * loaded where there is one: a one-shot check of a real machine is over sooner without.
 */
async function machineOf(simulate: Simulation | undefined): Promise<Machine | undefined> {
  const path = process.env[WORLD_VARIABLE];
  if (simulate === undefined && path === undefined) return undefined;
  const { joinMachine, startMachine } = await import('../sim/machine.js');
  return simulate === undefined ? joinMachine(path as string) : startMachine(simulate);
}

/**
 * Opens what the options name. Null: NVIDIA's libraries exist for Linux with glibc (and Windows, which gpuprobe does not
 * know), and this is neither.
 * @throws GpuProbeError when gpuprobe itself cannot work: no addon, an unknown scenario
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
    // No addon loads on musl, and nothing is missing there that could be built.
    const isMusl =
      error instanceof GpuProbeError && error.code === 'ERR_GPUPROBE_ADDON_NOT_FOUND' && !hasGlibc();
    if (isMusl) return null;
    throw error;
  }
}

/** What there is to say where there is no answer. */
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
