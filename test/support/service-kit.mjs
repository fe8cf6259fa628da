// @ts-check
// What the tests' services share. Each service is a program that a test starts with `startService`. The kit
// imports the package that contains it: in a copy of the package, the copy.
import { createGpuProbe, probe } from '../../dist/index.js';

export { createGpuProbe, probe };

/** Returns what the test passed as `given`; the service states its type. */
export const given = () => JSON.parse(process.argv[2] ?? 'null');

/**
 * Prints one line for the test: text as it is, everything else as JSON.
 * @param {unknown} value
 */
export const say = (value) =>
  process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`);

/** Resolves when the test calls `tell()`; keeps the process alive until then. */
export const told = () =>
  new Promise((resolve) => process.stdin.ref().once('data', () => resolve(process.stdin.unref())));

/**
 * Resolves with the verdict, or with the code of the error.
 * @param {Promise<import('../../dist/index.js').Report>} promise
 * @returns {Promise<string>}
 */
export const coded = (promise) =>
  promise.then(
    (report) => report.verdict,
    (error) => error.code,
  );

/** @param {number} ms @returns {Promise<void>} */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
