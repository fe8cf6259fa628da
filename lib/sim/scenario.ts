export { parseAssignments } from './scenario/change.js';
export type {
  MachineChange,
  MachineState,
  Scenario,
  ScenarioDevice,
  ScenarioEncoderSession,
  ScenarioFault,
  ScenarioProcess,
  ScenarioStep,
} from './scenario/format.js';
export { listScenarios, loadScenario } from './scenario/load.js';
export { scenarioSchema } from './scenario/schema.js';
