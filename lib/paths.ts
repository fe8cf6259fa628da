import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the files of the package are, for everything that opens one: the nearest folder with a package.json. This module
 * is in `lib/`, in a bundle in `dist/`, and in `build/lib/`, where tests and benchmarks find it by itself.
 */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  const parent = dirname(folder);
  return parent === folder || existsSync(join(folder, 'package.json')) ? folder : rootAbove(parent);
}

const inPackage = (path: string) => join(packageRoot, path);

/** The scenarios and the GPU models that come with the package, a JSON file each. */
export const scenariosFolder = inPackage('native/sim/scenarios');
export const presetsFolder = inPackage('native/sim/presets');

/** The functions of the simulated driver, which the build takes from native/. */
export const driverFunctionsFile = inPackage('dist/driver-functions.json');

/** What lies beside the addon, wherever that was found: in `build/Release`, or among the prebuilds. */
export function filesBesideAddon(addon: string) {
  const folder = dirname(addon);
  return { wardenPath: join(folder, 'gpuprobe-warden'), simulatorDirectory: join(folder, 'sim') };
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(inPackage('package.json'), 'utf8')) as { version: string }).version;
}
