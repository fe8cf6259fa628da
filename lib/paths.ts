import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the package's files: the nearest one with a package.json. This module runs from `lib/`,
 * bundled from `dist/`, and from `build/lib/` for tests and benchmarks.
 */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(join(folder, 'package.json')) ? folder : rootAbove(parent);
}

const inPackage = (path: string) => join(packageRoot, path);

/** The scenarios and GPU models of the package, one JSON file each. */
export const scenariosFolder = inPackage('native/sim/scenarios');
export const presetsFolder = inPackage('native/sim/presets');

/** The functions of the simulated driver, generated from native/ by the build. */
export const driverFunctionsFile = inPackage('dist/driver-functions.json');

/** Files next to the addon, in `build/Release` or among the prebuilds. */
export function filesBesideAddon(addon: string) {
  const folder = dirname(addon);
  return { wardenPath: join(folder, 'gpuprobe-warden'), simulatorDirectory: join(folder, 'sim') };
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version: string }).version;
}
