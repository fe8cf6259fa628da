import { invalid } from './refusal.js';
import type { Scenario, ScenarioFault } from './types.js';

const TAKES_DEVICE = /^(nvmlDevice(?!GetCount)|cuDevice(?!GetCount)|cuCtx|cuMem)/;
const OPENS_DRIVER = ['nvmlInit_v2', 'nvmlInitWithFlags', 'cuInit'];
const NEEDS_NO_DRIVER = ['nvmlShutdown', 'nvmlSystemGetNVMLVersion', 'cuDriverGetVersion'];

/** What no field can be checked for on its own. */
export function checkTogether(scenario: Scenario, file: string): void {
  const seen = new Map<string, number>();
  for (const [index, device] of scenario.devices.entries()) {
    const path = `devices[${index}]`;
    const { totalBytes, usedBytes, reservedBytes } = device.memory;
    if (usedBytes + reservedBytes > totalBytes) {
      invalid(file, `${path}.memory`, 'usedBytes and reservedBytes must be at most totalBytes together');
    }
    if (device.contextBytes > totalBytes) {
      invalid(file, `${path}.contextBytes`, 'must be at most memory.totalBytes');
    }
    for (const key of ['uuid', 'pciBusId', 'minor'] as const) {
      const other = seen.get(`${key} ${device[key]}`);
      if (other !== undefined) invalid(file, `${path}.${key}`, `must differ from devices[${other}].${key}`);
      seen.set(`${key} ${device[key]}`, index);
    }
  }
  for (const [index, fault] of (scenario.faults ?? []).entries()) {
    const problem = problemWithFault(fault, scenario);
    if (problem) invalid(file, `faults[${index}]${problem[0]}`, problem[1]);
  }
}

/** Where in the fault, and what is wrong. */
function problemWithFault(fault: ScenarioFault, scenario: Scenario): [string, string] | undefined {
  const { function: name, device, delayMs, return: code, hang } = fault;
  if (code === undefined && hang === undefined && delayMs === undefined) {
    return ['', 'needs "return", "hang" or "delayMs"'];
  }
  if (code !== undefined && hang !== undefined) return ['', 'cannot both return and hang'];
  if (code === 0) return ['.return', 'must not be 0, which is no fault'];
  if (device !== undefined && !TAKES_DEVICE.test(name)) return ['.device', `${name} takes no device`];
  if (device !== undefined && device >= scenario.devices.length) {
    return ['.device', `must be the index of one of the ${scenario.devices.length} devices`];
  }
  // Codes follow from causes: where no process gets past its first open, that decides what it is told.
  const refused = scenario.driver === null ? '"driver" is null' : '"access" is "revoked"';
  if (scenario.driver !== null && scenario.access !== 'revoked') return;
  if (OPENS_DRIVER.includes(name)) {
    return code === undefined ? undefined : ['.return', `what ${name} answers follows from ${refused}`];
  }
  return NEEDS_NO_DRIVER.includes(name)
    ? undefined
    : ['.function', `no process gets as far as ${name} while ${refused}`];
}
