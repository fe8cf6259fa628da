// @ts-check
// A process of another user's: says whether it may signal the given one, and what the guard knows of that.
import { systemProcesses } from '../../../build/lib/guard/processes.js';
import { given, say } from '../../support/service-kit.mjs';

/** @type {number} */
const pid = given();
process.setuid?.(65_534);
const processes = systemProcesses();
let refused = '';
try {
  process.kill(pid, 0);
} catch (error) {
  refused = /** @type {NodeJS.ErrnoException} */ (error).code ?? '';
}
const identity = processes.identify(pid);
say({ refused, state: identity && processes.stateOf(identity) });
