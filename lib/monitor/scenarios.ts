/** The machines that can be simulated; surfaces know the monitor, not the addon's own folder. */
export { listScenarios } from '../native/scenario.js';
