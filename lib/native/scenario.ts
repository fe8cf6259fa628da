export { listScenarios, loadScenario } from './scenario/load.js';
export type {
  LoadedScenario,
  Scenario,
  ScenarioDevice,
  ScenarioEncoderSession,
  ScenarioFault,
  ScenarioProcess,
} from './scenario/types.js';
