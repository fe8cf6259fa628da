/** For programs built on the library: surfaces may import the monitor, but not the addon's folder. */
export { endHelpers } from '../native/ending.js';
