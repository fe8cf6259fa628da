/** What is allowed in one place of a scenario. */
export type Rule = { optional?: true; nullable?: true } & (
  | { type: 'text'; bytes: number; pattern?: RegExp; example?: string }
  | { type: 'integer'; min: number; max: number }
  | { type: 'choice'; values: readonly (string | boolean)[] }
  | { type: 'function' }
  | { type: 'object'; fields: Fields }
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

const DEVICE: Fields = {
  name: text(95),
  uuid: text(
    40,
    /^GPU-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01',
  ),
  pciBusId: text(16, /^[0-9a-f]{8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i, '00000000:01:00.0'),
  minor: integer(254),
  memory: object({ totalBytes: integer(EXACT), usedBytes: integer(EXACT), reservedBytes: integer(EXACT) }),
  utilizationPercent: object({
    gpu: integer(UINT),
    memory: integer(UINT),
    encoder: integer(UINT),
    decoder: integer(UINT),
  }),
  temperatureCelsius: integer(UINT),
  powerMilliwatts: integer(UINT),
  powerLimitMilliwatts: integer(UINT),
  clocks: object({ smMegahertz: integer(UINT), memoryMegahertz: integer(UINT) }),
  clockEventReasons: integer(EXACT),
  computeMode: integer(3),
  persistenceMode: integer(1),
  migMode: nullable(integer(1)),
  lost: optional(choice(false, true, 'when-warm')),
  contextBytes: integer(EXACT),
  encoder: nullable(
    object({
      averageFps: integer(UINT),
      averageLatencyUs: integer(UINT),
      sessions: list(
        256,
        object({
          sessionId: integer(UINT),
          pid: integer(UINT),
          codec: integer(UINT),
          width: integer(UINT),
          height: integer(UINT),
          averageFps: integer(UINT),
          averageLatencyUs: integer(UINT),
        }),
      ),
    }),
  ),
  processes: list(
    4096,
    object({
      pid: integer(UINT),
      kind: choice('compute', 'graphics', 'mps-compute'),
      usedBytes: nullable(integer(EXACT)),
      name: text(1000),
    }),
  ),
};

const FAULT: Fields = {
  function: { type: 'function' },
  device: optional(integer(63)),
  delayMs: optional(integer(3_600_000)),
  return: optional(integer(2 ** 31 - 1, -(2 ** 31 - 1))),
  hang: optional(choice(true)),
};

const SCENARIO_FIELDS: Fields = {
  description: text(200),
  driver: nullable(object({ version: text(79), nvmlVersion: text(79), cudaVersion: integer(2 ** 31 - 1) })),
  access: optional(choice('granted', 'revoked', 'revoked-when-warm')),
  readings: optional(choice('real', 'zero')),
  devices: { type: 'list', max: 64, of: object(DEVICE), byPosition: true },
  faults: optional(list(256, object(FAULT))),
};

/** A whole scenario. */
export const SCENARIO: Rule = object(SCENARIO_FIELDS);
/** A scenario's file, which may leave to another what it does not say itself. */
export const FILE: Rule = object({ ...SCENARIO_FIELDS, extends: optional(text(1000)) });
