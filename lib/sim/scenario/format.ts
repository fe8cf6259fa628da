/**
 * The scenario format: each field once, with its allowed values, meaning, default, and the member of the
 * simulator's struct that keeps it. The types, the schema, the tables of SCENARIO.md and
 * `native/sim/format/fields.def` (`npm run build:fields`) are derived from this; the simulator builds its
 * structs and its parser from the latter.
 */
import { DEVICE, MOST_UNSIGNED, PROCESS, SESSION, seconds, unsigned, wide } from './device-format.js';
import {
  about,
  byDefault,
  type Changed,
  choice,
  type Fields,
  type Infer,
  integer,
  kept,
  list,
  named,
  nullable,
  object,
  optional,
  text,
} from './rule.js';

const FAULT = {
  function: kept('function', { type: 'function' }, 'with its suffix: `nvmlInit_v2`, `cuCtxCreate_v2`'),
  device: kept('device', byDefault(null, optional(integer(63))), 'only on this one'),
  delayMs: kept('delay_ms', optional(integer(3_600_000)), 'takes that long first; may stand alone'),
  return: about('answers this number', optional(integer(2 ** 31 - 1, -(2 ** 31 - 1)))),
  hang: about(
    '`true`: waits for a mutex for good. `"busy-loop"`: spins for good',
    optional(choice(true, 'busy-loop')),
  ),
  crash: about('raises the signal', optional(choice('SIGSEGV', 'SIGABRT'))),
  exit: about('ends the process by exit() from inside the library, with this status', optional(integer(255))),
  output: about(
    'succeeds and lies: `"garbage"`: random bytes. `"unterminated"`: a text without its end. `"absurd-count"`: a list, or a number of devices, beyond all sense',
    optional(choice('garbage', 'unterminated', 'absurd-count')),
  ),
  missing: about('the libraries do not export the function', optional(choice(true))),
  fromCall: kept(
    'from_call',
    wide(byDefault(1, optional(integer(MOST_UNSIGNED, 1)))),
    'the first call that it strikes, counted from 1 over all processes, since the fault is there',
  ),
  calls: kept('calls', wide(byDefault(null, optional(integer(MOST_UNSIGNED, 1)))), 'how many it strikes'),
  fromSecond: seconds('from_ms', 'fromMs', 0, 'it strikes from this second of the scenario on'),
  toSecond: seconds('to_ms', 'toMs', null, 'and no longer from this one on'),
  probability: kept(
    'probability_ppm',
    {
      ...({ type: 'number', min: 0, max: 1, optional: true } as const),
      ...{ flat: 'probabilityPpm', scale: 1e6, default: 1 },
    },
    'of striking a call, 0 to 1; the same `seed` strikes the same calls',
  ),
  seed: kept('seed', wide(optional(unsigned))),
} satisfies Fields;

/** The fields that may also change while programs run. */
const stateFields = <D extends Fields>(device: D) =>
  ({
    driver: kept(
      'driver_absent',
      byDefault(
        { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12_020 },
        nullable(
          object({
            version: kept('driver_version', text(79)),
            nvmlVersion: kept('nvml_version', text(79)),
            cudaVersion: kept('cuda_version', integer(2 ** 31 - 1)),
          }),
        ),
      ),
      '`null`: no kernel module, no node. Else `version` of the kernel module, `nvmlVersion` of the library ("12." and its version: another than the module\'s is a mismatch), `cudaVersion` (12020 = 12.2). 535.261.03 and 12.2: the default',
    ),
    access: kept(
      'access',
      optional(named('Access', 'granted', 'revoked', 'revoked-when-warm')),
      '`"revoked"`: a device cgroup refuses every open with EPERM. `"revoked-when-warm"`: from the moment that the machine is warm. `"granted"`: the default',
    ),
    readings: kept(
      'readings',
      optional(named('Readings', 'real', 'zero', 'frozen')),
      '`"zero"`: every NVML reading of a device succeeds and is zero or empty. `"frozen"`: NVML goes on giving the readings of one moment. `"real"`: the default. The driver\'s versions and CUDA stay as they are',
    ),
    exit: kept(
      'exit',
      optional(named('Exit', 'clean', 'deadlock')),
      '`"deadlock"`: a process that opened the driver never gets through its exit handlers. `"clean"`: the default',
    ),
    devices: about("in NVML index order, at most 64; units are the driver's own and stand in the names", {
      type: 'list',
      max: 64,
      of: object(device),
      byPosition: true,
    } as const),
    faults: about('at most 256; see below', optional(list(256, object(FAULT)))),
  }) satisfies Fields;

/** A change: any field of a state or a device. */
export const CHANGE = { type: 'object', fields: stateFields(DEVICE), partial: true } as const;

/** One complete state of the machine. */
export const STATE = object(stateFields(DEVICE));

const STEP = {
  at: about('seconds from the beginning, or a time of day', { type: 'moment' }),
  says: about('what happened, in words', optional(text(400))),
  set: about(
    'what changes: any of `driver`, `access`, `readings`, `exit`, `devices`, `faults`. Objects merge, `devices` by position; lists replace',
    optional(CHANGE),
  ),
} satisfies Fields;

const scenarioFields = <D extends Fields>(device: D) =>
  ({
    description: about(
      'one sentence, shown by `gpuprobe sim --list`',
      byDefault('A simulated machine.', text(200)),
    ),
    ...stateFields(device),
    startsAt: about(
      'the time of day at which the scenario begins, so that `at` may be one',
      optional({
        ...text(8),
        pattern: /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/,
        example: '12:20:00',
      }),
    ),
    timeline: about('what happens later, in order', optional(list(999, object(STEP)))),
  }) satisfies Fields;

/** A complete scenario. */
export const SCENARIO = object(scenarioFields(DEVICE));
/** A scenario file; it may extend another one for what it leaves out. */
export const FILE = object({
  extends: about(
    "what to start from: a built-in scenario's name, or a path relative to this file (with a `/`, or ending in `.json`). Objects merge, lists and scalars replace, `devices` merge by position, so devices can be added and changed but not taken away",
    optional(text(1000)),
  ),
  ...scenarioFields({
    preset: about(
      'the model that fills in what the device does not say: a file of `native/sim/presets`',
      optional({ type: 'preset' } as const),
    ),
    ...DEVICE,
  }),
});

const { function: struck, device: onDevice, ...FAULT_REST } = FAULT;
/** A fault in the flat text: with its generation, and with all its effects in one field. */
const FLAT_FAULT = {
  function: struck,
  device: onDevice,
  generation: kept('generation', unsigned),
  effect: kept(
    'effect',
    named(
      'Effect',
      ...(['none', 'return', 'hang', 'busy-loop', 'segv', 'abort', 'exit'] as const),
      ...FAULT.output.values,
    ),
  ),
  code: kept('code', FAULT.return),
  ...FAULT_REST,
} satisfies Fields;

/** A state in the flat text. */
export const FLAT_STATE = object({ ...stateFields(DEVICE), faults: list(256, object(FLAT_FAULT)) });

/** The records of the flat text, which are structs of the simulator. */
export const RECORDS = {
  Machine: {
    format: kept('format', unsigned),
    ...FLAT_STATE.fields,
    readingsFrozenAtMs: kept('readings_frozen_at_ms', integer(Number.MAX_SAFE_INTEGER)),
  },
  Device: DEVICE,
  EncoderSession: SESSION,
  Process: PROCESS,
  Fault: FLAT_FAULT,
} satisfies Record<string, Fields>;

export type ScenarioDevice = Infer<typeof DEVICE>;
export type ScenarioEncoderSession = Infer<typeof SESSION>;
export type ScenarioProcess = Infer<typeof PROCESS>;
export type ScenarioFault = Infer<typeof FAULT>;
/** The state of a simulated machine at one time: its driver, its devices, and its faults. */
export type MachineState = Infer<typeof STATE.fields>;
/** A change of a machine; missing fields stay the same. */
export type MachineChange = Changed<typeof CHANGE>;
/** A time at which something happens. */
export type ScenarioStep = Infer<typeof STEP>;
/** A simulated machine, and what happens to it; see `native/sim/SCENARIO.md`. */
export type Scenario = Infer<typeof SCENARIO.fields>;
