export { parseAssignments } from './scenario/change.js';
export { listScenarios, loadScenario } from './scenario/load.js';
export { scenarioSchema } from './scenario/schema.js';
export type {
  MachineChange,
  MachineState,
  Scenario,
  ScenarioDevice,
  ScenarioEncoderSession,
  ScenarioFault,
  ScenarioProcess,
  ScenarioStep,
} from './scenario/types.js';
