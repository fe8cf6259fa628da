import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from './cli.js';

const ITEMS = [
  'dist',
  'build/lib',
  'build/Release',
  'package.json',
  'native/sim/scenarios',
  'native/sim/presets',
  'node_modules/node-gyp-build',
  // Services of the tests, which import the package that they lie in.
  'test/support/service-kit.mjs',
  'test/isolation/services',
];

/** A copy of the built package, readable by anyone, in which things can be broken or removed. */
export function copyPackage(): string {
  const copy = mkdtempSync(join(tmpdir(), 'gpuprobe-test-'));
  for (const item of ITEMS) cpSync(join(packageRoot, item), join(copy, item), { recursive: true });
  return copy;
}
