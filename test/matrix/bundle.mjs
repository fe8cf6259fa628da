// The services as one file each: some six hundred cells start one of their own, and loading a hundred small modules
// takes half of such a cell's time.
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const inFolder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Where the bundle of a service is; as deep as this folder, so that paths from it stay right. */
export const bundled = (name) => inFolder(`../../build/matrix/${name}.mjs`);

export async function bundleServices() {
  for (const name of ['service', 'frame-service']) {
    await build({
      input: inFolder(`${name}.mjs`),
      platform: 'node',
      external: /^node:/,
      logLevel: 'warn',
      output: { file: bundled(name), format: 'esm', codeSplitting: false },
    });
  }
}
