/** For programs that are made of the library; surfaces know the monitor, not the addon's own folder. */
export { endHelpers } from '../native/ending.js';
