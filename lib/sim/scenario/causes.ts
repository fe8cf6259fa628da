import type { MachineState, ScenarioDevice, ScenarioFault, ScenarioProcess } from './format.js';
import { type DriverFunction, knownFunctions } from './functions.js';

const TAKES_DEVICE = /^(nvmlDevice(?!GetCount)|cuDevice(?!GetCount)|cuCtx|cuMem)/;
const OPENS_DRIVER = ['nvmlInit_v2', 'nvmlInitWithFlags', 'cuInit'];
const NEEDS_NO_DRIVER = ['nvmlShutdown', 'nvmlSystemGetNVMLVersion', 'cuDriverGetVersion'];
const EFFECTS = ['return', 'hang', 'crash', 'exit', 'output', 'missing'] as const;
const WHENS = ['fromCall', 'calls', 'fromSecond', 'toSecond', 'probability', 'seed'] as const;

/** Reports a mistake at a path. */
type Refuse = (path: string, message: string) => void;

/**
 * Checks what cannot be checked field by field.
 *
 * @param first the machine's first state: only in later states can a process already have the driver open
 */
export function checkTogether(state: MachineState, first: boolean, refuse: Refuse): void {
  const seen = new Map<string, number>();
  for (const [index, device] of state.devices.entries()) {
    const path = `devices[${index}]`;
    checkDevice(device, path, refuse);
    for (const key of ['uuid', 'pciBusId', 'minor'] as const) {
      const other = seen.get(`${key} ${device[key]}`);
      if (other !== undefined) refuse(`${path}.${key}`, `must differ from devices[${other}].${key}`);
      seen.set(`${key} ${device[key]}`, index);
    }
  }
  for (const [index, fault] of (state.faults ?? []).entries()) {
    const path = `faults[${index}]`;
    checkFault(fault, state, path, refuse);
    if (first) checkReached(fault, state, path, refuse);
  }
}

function checkDevice(device: ScenarioDevice, path: string, refuse: Refuse): void {
  const { totalBytes, usedBytes, reservedBytes } = device.memory;
  if (usedBytes + reservedBytes > totalBytes) {
    refuse(`${path}.memory`, 'usedBytes and reservedBytes must be at most totalBytes together');
  }
  if (device.contextBytes > totalBytes) refuse(`${path}.contextBytes`, 'must be at most memory.totalBytes');
  for (const [index, process] of device.processes.entries()) {
    checkLifetime(process, `${path}.processes[${index}]`, refuse);
  }
}

function checkLifetime(process: ScenarioProcess, path: string, refuse: Refuse): void {
  const { fromSecond = 0, toSecond, everySeconds, leavesBytes } = process;
  if (toSecond === undefined) {
    if (everySeconds !== undefined) refuse(`${path}.everySeconds`, 'needs "toSecond"');
    if (leavesBytes !== undefined) refuse(`${path}.leavesBytes`, 'needs "toSecond", when it ends');
    return;
  }
  if (toSecond <= fromSecond) refuse(`${path}.toSecond`, 'must be later than "fromSecond"');
  if (everySeconds !== undefined && everySeconds < toSecond - fromSecond) {
    refuse(`${path}.everySeconds`, 'must be at least the time from "fromSecond" to "toSecond"');
  }
}

function checkFault(fault: ScenarioFault, state: MachineState, path: string, refuse: Refuse): void {
  const effects = EFFECTS.filter((effect) => fault[effect] !== undefined);
  if (effects.length === 0 && fault.delayMs === undefined) {
    refuse(path, `needs one of ${EFFECTS.map((effect) => `"${effect}"`).join(', ')}, or "delayMs"`);
  }
  if (effects.length > 1) refuse(path, `cannot have both "${effects[0]}" and "${effects[1]}"`);
  if (fault.return === 0) refuse(`${path}.return`, 'must not be 0, which is no fault');
  if (fault.device !== undefined && !TAKES_DEVICE.test(fault.function)) {
    refuse(`${path}.device`, `${fault.function} takes no device`);
  }
  if (fault.device !== undefined && fault.device >= state.devices.length) {
    refuse(`${path}.device`, `must be the index of one of the ${state.devices.length} devices`);
  }
  if ((fault.fromSecond ?? 0) >= (fault.toSecond ?? Number.POSITIVE_INFINITY)) {
    refuse(`${path}.toSecond`, 'must be later than "fromSecond"');
  }
  if (fault.missing) checkMissing(fault, path, refuse);
  if (fault.output !== undefined) checkOutput(fault, path, refuse);
}

function checkMissing(fault: ScenarioFault, path: string, refuse: Refuse): void {
  const other = (['device', 'delayMs', ...WHENS] as const).find((key) => fault[key] !== undefined);
  if (other !== undefined) {
    refuse(`${path}.${other}`, 'does not go with "missing": a library exports a function or does not');
  }
}

/** A function can only return wrong data in its own outputs. */
function checkOutput(fault: ScenarioFault, path: string, refuse: Refuse): void {
  const { parameters } = knownFunctions().get(fault.function) as DriverFunction;
  const gives = {
    garbage: /\*/,
    unterminated: /char *\* *\w+, *(unsigned|int) /,
    'absurd-count': /\b(unsigned|int) *\* *\w*count\b/,
  };
  const output = fault.output as keyof typeof gives;
  if (!gives[output].test(parameters)) {
    refuse(`${path}.output`, `${fault.function} gives nothing that could be ${output}`);
  }
}

/** Codes follow from causes: if no process gets past its first open, that determines the answer. */
function checkReached(fault: ScenarioFault, state: MachineState, path: string, refuse: Refuse): void {
  if (fault.missing || (state.driver !== null && state.access !== 'revoked')) return;
  const refused = state.driver === null ? '"driver" is null' : '"access" is "revoked"';
  if (OPENS_DRIVER.includes(fault.function)) {
    if (fault.return !== undefined) {
      refuse(`${path}.return`, `what ${fault.function} answers follows from ${refused}`);
    }
  } else if (!NEEDS_NO_DRIVER.includes(fault.function)) {
    refuse(`${path}.function`, `no process gets as far as ${fault.function} while ${refused}`);
  }
}
