import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, GpuProbeError } from '../errors.js';

/** A process that NVML lists on a device. */
export interface ScenarioProcess {
  pid: number;
  kind: 'compute' | 'graphics' | 'mps-compute';
  /** Bytes; null: the driver cannot tell. */
  usedBytes: number | null;
  name: string;
}

/** An encoder session on a device. */
export interface ScenarioEncoderSession {
  sessionId: number;
  pid: number;
  /** 0 H.264, 1 HEVC, 2 AV1. */
  codec: number;
  width: number;
  height: number;
  averageFps: number;
  averageLatencyUs: number;
}

/** One simulated GPU. Units are the driver's own and stand in the names. */
export interface ScenarioDevice {
  name: string;
  uuid: string;
  pciBusId: string;
  minor: number;
  memory: { totalBytes: number; usedBytes: number; reservedBytes: number };
  utilizationPercent: { gpu: number; memory: number; encoder: number; decoder: number };
  temperatureCelsius: number;
  powerMilliwatts: number;
  powerLimitMilliwatts: number;
  clocks: { smMegahertz: number; memoryMegahertz: number };
  clockEventReasons: number;
  computeMode: number;
  persistenceMode: number;
  migMode: number | null;
  lost?: boolean | 'when-warm';
  contextBytes: number;
  encoder: { averageFps: number; averageLatencyUs: number; sessions: ScenarioEncoderSession[] } | null;
  processes: ScenarioProcess[];
}

/** A driver function that fails, hangs or takes its time. */
export interface ScenarioFault {
  function: string;
  device?: number;
  delayMs?: number;
  return?: number;
  hang?: true;
}

/** One simulated machine: its driver, its devices, and what is wrong with it. `native/sim/SCENARIO.md` says more. */
export interface Scenario {
  description: string;
  driver: { version: string; nvmlVersion: string; cudaVersion: number } | null;
  access?: 'granted' | 'revoked' | 'revoked-when-warm';
  readings?: 'real' | 'zero';
  devices: ScenarioDevice[];
  faults?: ScenarioFault[];
}

/** A scenario ready for the simulated driver. */
export interface LoadedScenario {
  /** The built-in name, or the path as given. */
  name: string;
  /** With everything that `extends` brought. */
  scenario: Scenario;
  /** The same as `path=value` lines. */
  text: string;
}

type Rule = { optional?: true; nullable?: true } & (
  | { type: 'text'; bytes: number; pattern?: RegExp; example?: string }
  | { type: 'integer'; min: number; max: number }
  | { type: 'choice'; values: readonly (string | boolean)[] }
  | { type: 'function' }
  | { type: 'object'; fields: Fields }
  | { type: 'list'; of: Rule; max: number; byPosition?: true }
);
type Fields = Readonly<Record<string, Rule>>;
type Json = Record<string, unknown>;

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

const SCENARIO: Fields = {
  description: text(200),
  driver: nullable(object({ version: text(79), nvmlVersion: text(79), cudaVersion: integer(2 ** 31 - 1) })),
  access: optional(choice('granted', 'revoked', 'revoked-when-warm')),
  readings: optional(choice('real', 'zero')),
  devices: { type: 'list', max: 64, of: object(DEVICE), byPosition: true },
  faults: optional(list(256, object(FAULT))),
};

const FILE: Fields = { ...SCENARIO, extends: optional(text(1000)) };

// A line of the flat text ends where a control character could end it.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;
const TAKES_DEVICE = /^(nvmlDevice(?!GetCount)|cuDevice(?!GetCount)|cuCtx|cuMem)/;
const OPENS_DRIVER = ['nvmlInit_v2', 'nvmlInitWithFlags', 'cuInit'];
const NEEDS_NO_DRIVER = ['nvmlShutdown', 'nvmlSystemGetNVMLVersion', 'cuDriverGetVersion'];

const SCENARIOS = new URL('../../native/sim/scenarios/', import.meta.url);
const SYMBOLS = ['nvml_symbols.def', 'cuda_symbols.def'].map(
  (file) => new URL(`../../native/driver/${file}`, import.meta.url),
);

let functions: ReadonlySet<string> | undefined;

function knownFunctions(): ReadonlySet<string> {
  functions ??= new Set(
    SYMBOLS.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:NVML|CUDA)_SYMBOL\(\w+, *\d+, *(\w+),/gm)].flatMap(
        ([, name]) => name ?? [],
      ),
    ),
  );
  return functions;
}

function builtInNames(): string[] {
  return readdirSync(SCENARIOS)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** The scenarios that come with the package, by name. */
export function listScenarios(): { name: string; description: string }[] {
  return builtInNames().map((name) => ({ name, description: loadScenario(name).scenario.description }));
}

/**
 * Reads, completes and checks a scenario.
 *
 * @param nameOrPath a built-in scenario's name, or a path: anything with a `/` or ending in `.json`
 * @throws GpuProbeError `ERR_GPUPROBE_SCENARIO_UNKNOWN`: no such scenario or file;
 * `ERR_GPUPROBE_SCENARIO_INVALID`: the message names the file, the field and what is allowed there
 */
export function loadScenario(nameOrPath: string): LoadedScenario {
  const file = locate(nameOrPath, process.cwd());
  const merged = readWithBases(file, []);
  check(merged, object(SCENARIO), { file, path: '', partial: false });
  const scenario = merged as unknown as Scenario;
  checkTogether(scenario, file);
  return { name: nameOrPath, scenario, text: `format=1\n${flatten('', scenario, object(SCENARIO))}` };
}

function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new GpuProbeError(code, message, cause === undefined ? undefined : { cause });
}

function invalid(file: string, path: string, message: string, cause?: unknown): never {
  fail('ERR_GPUPROBE_SCENARIO_INVALID', `${file}: ${path === '' ? '' : `${path}: `}${message}`, cause);
}

function locate(nameOrPath: string, directory: string): string {
  if (nameOrPath.includes('/') || nameOrPath.endsWith('.json')) return resolve(directory, nameOrPath);
  const names = builtInNames();
  if (names.includes(nameOrPath)) return fileURLToPath(new URL(`${nameOrPath}.json`, SCENARIOS));
  fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario "${nameOrPath}"; there are: ${names.join(', ')}`);
}

function readFile(file: string): Json {
  let content = '';
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario file ${file}`, cause);
    invalid(file, '', `cannot be read: ${(cause as Error).message}`, cause);
  }
  try {
    const value: unknown = JSON.parse(content);
    check(value, object(FILE), { file, path: '', partial: true });
    return value as Json;
  } catch (cause) {
    if (cause instanceof GpuProbeError) throw cause;
    invalid(file, '', `is not JSON: ${(cause as Error).message}`, cause);
  }
}

/** A file over what it extends, over what that extends. */
function readWithBases(file: string, extending: readonly string[]): Json {
  const { extends: base, ...own } = readFile(file);
  const chain = [...extending, file];
  if (base === undefined) return own;
  const baseFile = locate(base as string, dirname(file));
  if (chain.includes(baseFile)) invalid(file, 'extends', `goes round in a circle, back to ${baseFile}`);
  return merge(readWithBases(baseFile, chain), own, object(SCENARIO)) as Json;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Objects merge, scalars and arrays replace; the list of devices merges by position. */
function merge(base: unknown, own: unknown, rule: Rule | undefined): unknown {
  if (own === undefined) return base;
  if (rule?.type === 'object' && isObject(base) && isObject(own)) {
    const keys = new Set([...Object.keys(base), ...Object.keys(own)]);
    return Object.fromEntries([...keys].map((key) => [key, merge(base[key], own[key], rule.fields[key])]));
  }
  if (rule?.type === 'list' && rule.byPosition && Array.isArray(base) && Array.isArray(own)) {
    const length = Math.max(base.length, own.length);
    return Array.from({ length }, (_, index) => merge(base[index], own[index], rule.of));
  }
  return own;
}

interface Place {
  file: string;
  path: string;
  /** A file that may extend another: fields may be left out where merging would fill them in. */
  partial: boolean;
}

function check(value: unknown, rule: Rule, place: Place): void {
  if (value === null && rule.nullable) return;
  const problem = problemWith(value, rule, place);
  if (problem) invalid(place.file, place.path, `${problem}${rule.nullable ? ', or null' : ''}`);
}

/** What is allowed, when `value` is not; descends into objects and lists. */
function problemWith(value: unknown, rule: Rule, place: Place): string | undefined {
  switch (rule.type) {
    case 'text':
      if (typeof value !== 'string' || value === '') return 'must be a text that is not empty';
      if (UNPRINTABLE.test(value)) return 'must not contain control characters';
      if (Buffer.byteLength(value) > rule.bytes) return `must be at most ${rule.bytes} bytes long`;
      return !rule.pattern || rule.pattern.test(value) ? undefined : `must look like "${rule.example}"`;
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max
        ? undefined
        : `must be a whole number from ${rule.min} to ${rule.max}`;
    case 'choice':
      return rule.values.includes(value as string | boolean)
        ? undefined
        : `must be ${rule.values.map((allowed) => JSON.stringify(allowed)).join(' or ')}`;
    case 'function':
      return knownFunctions().has(value as string)
        ? undefined
        : `must be one of ${[...knownFunctions()].join(', ')}`;
    case 'object':
      if (!isObject(value)) return 'must be an object';
      checkFields(value, rule.fields, place);
      return;
    case 'list':
      if (!Array.isArray(value)) return 'must be a list';
      if (value.length > rule.max) return `must have at most ${rule.max} elements`;
      for (const [index, element] of value.entries()) {
        const partial = place.partial && rule.byPosition === true;
        check(element, rule.of, { ...place, path: `${place.path}[${index}]`, partial });
      }
  }
}

function checkFields(value: Json, fields: Fields, place: Place): void {
  const under = (key: string) => (place.path === '' ? key : `${place.path}.${key}`);
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue;
    invalid(place.file, under(key), `unknown field; allowed here: ${Object.keys(fields).join(', ')}`);
  }
  for (const [key, rule] of Object.entries(fields)) {
    if (Object.hasOwn(value, key)) check(value[key], rule, { ...place, path: under(key) });
    else if (!rule.optional && !place.partial) invalid(place.file, under(key), 'is missing');
  }
}

/** What no field can be checked for on its own. */
function checkTogether(scenario: Scenario, file: string): void {
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

/** The lines of one value, in the order of the rules, so that lists stand in order. */
function flatten(path: string, value: unknown, rule: Rule): string {
  const under = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (value === undefined) return '';
  if (rule.type === 'object' && isObject(value)) {
    return Object.entries(rule.fields)
      .map(([key, field]) => (under(key) === 'description' ? '' : flatten(under(key), value[key], field)))
      .join('');
  }
  if (rule.type === 'list' && Array.isArray(value)) {
    return value.map((element, index) => flatten(under(index), element, rule.of)).join('');
  }
  return `${path}=${String(value)}\n`;
}
