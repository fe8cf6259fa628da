import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GpuProbeError } from '../errors.js';
import type { Addon } from '../native/binding.js';
import { withoutSymbols } from './elf.js';

const LIBRARIES = ['libnvidia-ml.so.1', 'libcuda.so.1'];

/** Directories created by this process, by the functions that they lack. */
const made = new Map<string, string>();

/**
 * Returns the directory of the simulated driver's libraries.
 *
 * @param missing functions that the libraries must not export: the libraries of an older driver are copies,
 * in a directory that is removed when this process ends
 * @throws GpuProbeError ERR_GPUPROBE_SIMULATOR_NOT_FOUND, ERR_GPUPROBE_SIMULATION
 */
export function simulatorLibraries(addon: Addon, missing: readonly string[]): string {
  const directory = addon.simulatorDirectory;
  if (!existsSync(join(directory, 'libnvidia-ml.so.1'))) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_SIMULATOR_NOT_FOUND',
      `no simulated driver in ${directory}; reinstall the package, or in a clone run \`npm run build\``,
    );
  }
  if (missing.length === 0) return directory;
  const key = missing.join(' ');
  const known = made.get(key);
  if (known !== undefined) return known;
  try {
    const copy = copyWithout(directory, new Set(missing));
    made.set(key, copy);
    return copy;
  } catch (cause) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_SIMULATION',
      `the simulated driver's libraries could not be copied to ${tmpdir()}: ${(cause as Error).message}. ` +
        'Set TMPDIR to a directory that can be written to and executed from.',
      { cause },
    );
  }
}

function copyWithout(directory: string, missing: ReadonlySet<string>): string {
  const copy = mkdtempSync(join(tmpdir(), 'gpuprobe-sim-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const library of LIBRARIES) {
    writeFileSync(join(copy, library), withoutSymbols(readFileSync(join(directory, library)), missing), {
      mode: 0o755,
    });
  }
  return copy;
}
