export { endHelpers } from '../../../monitor/ending.js';
export { inspectInstallation } from '../../../probe/installation.js';
