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
  // Services of the tests, which import the package that contains them.
  'test/support/service-kit.mjs',
  'test/isolation/services',
];

/** Copies the built package, readable by all users, so that a test can break or remove parts of it. */
export function copyPackage(): string {
  const copy = mkdtempSync(join(tmpdir(), 'gpuprobe-test-'));
  for (const item of ITEMS) cpSync(join(packageRoot, item), join(copy, item), { recursive: true });
  return copy;
}
