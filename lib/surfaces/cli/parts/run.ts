/** What every command line needs once its exit code is safe: one import, because each file costs a millisecond. */
export { packageVersion } from '../../../paths.js';
export { run } from '../run.js';
export { createSignals } from '../signals.js';
