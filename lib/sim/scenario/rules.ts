import { MOST_SECONDS } from './moment.js';

/** What is allowed in one place of a scenario. */
export type Rule = { optional?: true; nullable?: true } & (
  | { type: 'text'; bytes: number; pattern?: RegExp; example?: string }
  | { type: 'integer'; min: number; max: number }
  | { type: 'number'; min: number; max: number }
  | { type: 'moment' }
  | { type: 'choice'; values: readonly (string | boolean)[] }
  | { type: 'function' }
  | { type: 'preset' }
  /** `partial`: fields may be left out, for what is changed only. */
  | { type: 'object'; fields: Fields; partial?: true }
  /** `byPosition`: merged element by element, where other lists are replaced as a whole. */
  | { type: 'list'; of: Rule; max: number; byPosition?: true }
);
export type Fields = Readonly<Record<string, Rule>>;

const text = (bytes: number, pattern?: RegExp, example?: string): Rule =>
  pattern && example ? { type: 'text', bytes, pattern, example } : { type: 'text', bytes };
const integer = (max: number, min = 0): Rule => ({ type: 'integer', min, max });
const choice = (...values: (string | boolean)[]): Rule => ({ type: 'choice', values });
const object = (fields: Fields): Rule => ({ type: 'object', fields });
const list = (max: number, of: Rule): Rule => ({ type: 'list', of, max });
const optional = (rule: Rule): Rule => ({ ...rule, optional: true });
const nullable = (rule: Rule): Rule => ({ ...rule, nullable: true });

// All ones is null to the simulator, and to NVML.
const UINT = 2 ** 32 - 2;
const EXACT = Number.MAX_SAFE_INTEGER;

const unsigned = integer(UINT);
const seconds = (): Rule => ({ type: 'number', min: 0, max: MOST_SECONDS });
const bytes = integer(EXACT);
const flag = choice(false, true);
const counts = object({ corrected: bytes, uncorrected: bytes });

/** The GPU's model: what a preset brings. null: the model has no such thing, and NVML answers NOT_SUPPORTED. */
const MODEL: Fields = {
  name: text(95),
  serial: nullable(text(29)),
  boardPartNumber: nullable(text(79)),
  vbiosVersion: nullable(text(31)),
  brand: unsigned,
  architecture: unsigned,
  pci: object({ deviceId: unsigned, subsystemId: unsigned }),
  computeCapability: object({ major: integer(99), minor: integer(99) }),
  multiprocessors: integer(65_535),
  contextBytes: bytes,
};

const IDENTITY: Fields = {
  uuid: text(
    40,
    /^GPU-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01',
  ),
  pciBusId: text(16, /^[0-9a-fA-F]{8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$/, '00000000:01:00.0'),
  minor: integer(254),
};

const READINGS: Fields = {
  memory: object({ totalBytes: bytes, usedBytes: bytes, reservedBytes: bytes }),
  bar1: object({ totalBytes: bytes, usedBytes: bytes }),
  utilizationPercent: object({ gpu: unsigned, memory: unsigned, encoder: unsigned, decoder: unsigned }),
  temperatureCelsius: unsigned,
  memoryTemperatureCelsius: nullable(unsigned),
  temperatureLimits: object({
    slowdownCelsius: nullable(unsigned),
    shutdownCelsius: nullable(unsigned),
    maxOperatingCelsius: nullable(unsigned),
  }),
  fanPercent: nullable(unsigned),
  performanceState: integer(15),
  powerMilliwatts: unsigned,
  powerLimitMilliwatts: unsigned,
  powerLimits: object({ defaultMilliwatts: unsigned, minMilliwatts: unsigned, maxMilliwatts: unsigned }),
  energyMillijoules: nullable(bytes),
  clocks: object({ smMegahertz: unsigned, memoryMegahertz: unsigned, videoMegahertz: unsigned }),
  maxClocks: object({ smMegahertz: unsigned, memoryMegahertz: unsigned, videoMegahertz: unsigned }),
  clockEventReasons: bytes,
};

const HEALTH: Fields = {
  ecc: nullable(object({ enabled: flag, pending: flag, volatile: counts, aggregate: counts })),
  remappedRows: nullable(
    object({ correctable: unsigned, uncorrectable: unsigned, pending: flag, failure: flag }),
  ),
  retiredPages: nullable(object({ singleBit: integer(64), doubleBit: integer(64), pending: flag })),
  recoveryAction: nullable(integer(255)),
  pcie: object({
    generation: unsigned,
    maxGeneration: unsigned,
    width: unsigned,
    maxWidth: unsigned,
    replayCount: unsigned,
    txKilobytesPerSecond: unsigned,
    rxKilobytesPerSecond: unsigned,
  }),
  lost: optional(choice(false, true, 'when-warm')),
  asleep: optional(flag),
  xid: optional(nullable(integer(65_535))),
};

const MODES: Fields = {
  computeMode: integer(3),
  persistenceMode: integer(1),
  migMode: nullable(integer(1)),
};

const ENCODER = object({
  averageFps: unsigned,
  averageLatencyUs: unsigned,
  sessions: list(
    256,
    object({
      sessionId: unsigned,
      pid: unsigned,
      codec: unsigned,
      width: unsigned,
      height: unsigned,
      averageFps: unsigned,
      averageLatencyUs: unsigned,
    }),
  ),
});

const PROCESS = object({
  pid: unsigned,
  kind: choice('compute', 'graphics', 'mps-compute'),
  usedBytes: nullable(bytes),
  name: text(1000),
  fromSecond: optional(seconds()),
  toSecond: optional(seconds()),
  everySeconds: optional(seconds()),
  leavesBytes: optional(bytes),
});

/** A device as the simulated driver takes it: complete. */
const DEVICE: Fields = {
  ...MODEL,
  ...IDENTITY,
  ...READINGS,
  ...MODES,
  ...HEALTH,
  leakBytesPerContext: optional(bytes),
  encoder: nullable(ENCODER),
  processes: list(4096, PROCESS),
};

const FAULT: Fields = {
  function: { type: 'function' },
  device: optional(integer(63)),
  delayMs: optional(integer(3_600_000)),
  return: optional(integer(2 ** 31 - 1, -(2 ** 31 - 1))),
  hang: optional(choice(true, 'busy-loop')),
  crash: optional(choice('SIGSEGV', 'SIGABRT')),
  exit: optional(integer(255)),
  output: optional(choice('garbage', 'unterminated', 'absurd-count')),
  missing: optional(choice(true)),
  fromCall: optional(integer(UINT, 1)),
  calls: optional(integer(UINT, 1)),
  fromSecond: optional(seconds()),
  toSecond: optional(seconds()),
  probability: optional({ type: 'number', min: 0, max: 1 }),
  seed: optional(unsigned),
};

/** What may also change while programs run. */
const stateFields = (device: Fields): Fields => ({
  driver: nullable(object({ version: text(79), nvmlVersion: text(79), cudaVersion: integer(2 ** 31 - 1) })),
  access: optional(choice('granted', 'revoked', 'revoked-when-warm')),
  readings: optional(choice('real', 'zero', 'frozen')),
  exit: optional(choice('clean', 'deadlock')),
  devices: { type: 'list', max: 64, of: object(device), byPosition: true },
  faults: optional(list(256, object(FAULT))),
});

/** A change: any field of a state, and of a device. */
export const CHANGE: Rule = { type: 'object', fields: stateFields(DEVICE), partial: true };

/** One state of the machine, complete. */
export const STATE: Rule = object(stateFields(DEVICE));

const STEP = object({ at: { type: 'moment' }, says: optional(text(400)), set: optional(CHANGE) });

const scenarioFields = (device: Fields): Fields => ({
  description: text(200),
  ...stateFields(device),
  startsAt: optional(text(8, /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/, '12:20:00')),
  timeline: optional(list(999, STEP)),
});

/** A whole scenario. */
export const SCENARIO: Rule = object(scenarioFields(DEVICE));
/** A scenario's file, which may leave to another what it does not say itself. */
export const FILE: Rule = object({
  extends: optional(text(1000)),
  ...scenarioFields({ preset: optional({ type: 'preset' }), ...DEVICE }),
});
