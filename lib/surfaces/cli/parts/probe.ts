export { endHelpers } from '../../../monitor/ending.js';
export { probe } from '../../../probe.js';
