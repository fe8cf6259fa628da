// @ts-check
import { join } from 'node:path';

/**
 * `probe` of another copy of the package, by its root.
 * @param {string} root
 */
export async function probeOf(root) {
  /** @type {typeof import('../../../dist/index.js')} */
  const library = await import(join(root, 'dist/index.js'));
  return library.probe;
}
