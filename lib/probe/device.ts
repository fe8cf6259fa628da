import { READINGS } from '../native/catalog.gen.js';
import type {
  Coded,
  DeviceFacts,
  EncoderSessionFacts,
  IdentityFacts,
  ProcessFacts,
} from '../native/snapshot.js';
import type { Names } from './check.js';
import { normalisePciBusId } from './device-id.js';
import type { Device, EncoderSession, GpuProcess, RecoveryAction, Unavailable } from './report.js';

/** nvmlClocksEventReasons bits, with the names from nvml.h. */
const CLOCK_EVENT_REASONS: readonly [bit: number, name: string][] = [
  [0x1, 'gpu-idle'],
  [0x2, 'applications-clocks-setting'],
  [0x4, 'sw-power-cap'],
  [0x8, 'hw-slowdown'],
  [0x10, 'sync-boost'],
  [0x20, 'sw-thermal-slowdown'],
  [0x40, 'hw-thermal-slowdown'],
  [0x80, 'hw-power-brake-slowdown'],
  [0x100, 'display-clock-setting'],
];
const COMPUTE_MODES = ['default', 'exclusive-thread', 'prohibited', 'exclusive-process'] as const;
const CODECS = ['h264', 'hevc', 'av1'] as const;
const PROCESS_KINDS = ['compute', 'graphics', 'mps-compute'] as const;
/** nvml.h has 0 to 4 since driver 570 and 5 since 590; 6 and 7 are documented for 615 and newer. */
const RECOVERY_ACTIONS = [
  'none',
  'gpu-reset',
  'node-reboot',
  'drain-p2p',
  'drain-and-reset',
  'recover-imex-domain',
  'bus-reset',
  'system-reboot',
] as const;

/** Returns the reason for a nonzero code: one of gpuprobe's own, or the driver's code. */
function reason(code: number, names: Names): Unavailable {
  const own = names.unavailable[code];
  if (own !== undefined) return { code: null, name: own };
  return { code, name: names.nvml[code] ?? `NVML_ERROR_${code}` };
}

/**
 * True if NVML answers everything with zero: broken monitoring, not an idle GPU (scenario `wolf-2025-11-05`).
 * Fields that identify the device may be known from earlier.
 */
function isAllZero(facts: DeviceFacts, fields: readonly string[]): boolean {
  const total = fields.indexOf('memory.totalBytes');
  if (facts.handleCode !== 0 || facts.codes[total] !== 0 || facts.values[total] !== 0) return false;
  return facts.values.every((value, i) => facts.codes[i] !== 0 || value === 0 || fields[i] === 'minor');
}

type ReadingPath = keyof typeof READINGS;
type Readings = Omit<Device, keyof IdentityFacts | 'index' | 'processes' | 'unavailable'>;

/** Each reading's path, the groups that it lies in, and its name there. */
const PLACES = (Object.keys(READINGS) as ReadingPath[]).map((path) => {
  const steps = path.split('.');
  return [path, steps.slice(0, -1), steps.at(-1) as string] as const;
});

/** What a reading's number becomes. */
const FORMS: Record<(typeof READINGS)[ReadingPath], (value: number) => unknown> = {
  number: (value) => value,
  flag: (value) => value !== 0,
  clockEventReasons: (bits) =>
    CLOCK_EVENT_REASONS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name),
  computeMode: (mode) => COMPUTE_MODES[mode] ?? 'unknown',
  recoveryAction: (action): RecoveryAction => RECOVERY_ACTIONS[action] ?? `unknown-${action}`,
};

/** What is null as a whole where all of it is missing for one reason. */
const GROUPS = ['ecc', 'remappedRows', 'retiredPages'] as const;
/** Those that one call answers: none of their readings is null by itself. */
const WHOLE: ReadonlySet<string> = new Set(['remappedRows']);

/** Converts one device's facts to its report form, and records why each null is null. */
class DeviceBuilder {
  readonly #facts: DeviceFacts;
  readonly #fields: readonly string[];
  readonly #names: Names;
  readonly #allZero: boolean;
  readonly #unavailable: Record<string, Unavailable> = {};

  constructor(facts: DeviceFacts, fields: readonly string[], names: Names) {
    this.#facts = facts;
    this.#fields = fields;
    this.#names = names;
    this.#allZero = isAllZero(facts, fields);
  }

  /** Returns the value; if there is none, returns null and records the reason under `path`. */
  #take<T>(path: string, coded: Coded<T> | undefined): T | null {
    const code = this.#facts.handleCode !== 0 ? this.#facts.handleCode : (coded?.code ?? -1);
    if (code !== 0) {
      this.#unavailable[path] = reason(code, this.#names);
      return null;
    }
    if (this.#allZero) {
      this.#unavailable[path] = { code: null, name: 'ALL_ZERO' };
      return null;
    }
    return (coded as Coded<T>).value;
  }

  /** The reading in the form of its report field. */
  #reading(path: ReadingPath): unknown {
    const field = this.#fields.indexOf(path);
    const [value, code] = [this.#facts.values[field], this.#facts.codes[field]];
    const taken = this.#take(path, value === undefined || code === undefined ? undefined : { value, code });
    return taken === null ? null : FORMS[READINGS[path]](taken);
  }

  /** Returns an identity field, also one read before the handle was lost or all readings were zero. */
  #identity(path: string, coded: Coded<string>): string | null {
    const isLost = this.#facts.handleCode !== 0 || this.#allZero;
    if (isLost && coded.code === 0 && coded.value !== '') return coded.value;
    const value = this.#take(path, coded);
    if (value !== '') return value;
    this.#unavailable[path] = { code: null, name: 'MALFORMED' };
    return null;
  }

  #sessions(): EncoderSession[] | null {
    const sessions = this.#take('encoder.sessions', this.#facts.sessions);
    return (
      sessions?.map((session: EncoderSessionFacts) => ({
        sessionId: session.sessionId,
        pid: session.pid,
        codec: CODECS[session.codec] ?? 'unknown',
        width: session.width,
        height: session.height,
        averageFps: session.averageFps,
        averageLatencyUs: session.averageLatencyUs,
      })) ?? null
    );
  }

  #processes(): GpuProcess[] | null {
    const processes = this.#take('processes', this.#facts.processes);
    return (
      processes?.map((process: ProcessFacts, i) => ({
        pid: process.pid,
        kind: PROCESS_KINDS[process.kind] ?? 'compute',
        usedBytes: this.#take(`processes.${i}.usedBytes`, process.usedBytes),
        name: this.#take(`processes.${i}.name`, process.name),
      })) ?? null
    );
  }

  /** All readings, nested as their paths say. */
  #readings(): Record<string, unknown> {
    const readings: Record<string, unknown> = {};
    for (const [path, steps, leaf] of PLACES) {
      let place = readings;
      for (const step of steps) {
        place[step] ??= {};
        place = place[step] as Record<string, unknown>;
      }
      place[leaf] = this.#reading(path);
    }
    for (const path of GROUPS) {
      if (this.#isNoGroup(path)) readings[path] = null;
    }
    return readings;
  }

  /**
   * Returns null for a group if nothing in it could be read for the same reason, and records that reason
   * once. Does the same for a group that is of no use if incomplete.
   */
  #isNoGroup(path: string): boolean {
    const leaves = this.#fields.filter((field) => field.startsWith(`${path}.`));
    const reasons = leaves.map((leaf) => this.#unavailable[leaf]);
    const [first, ...others] = reasons;
    const same = (reason: Unavailable | undefined) =>
      reason?.code === first?.code && reason?.name === first?.name;
    const reason = WHOLE.has(path) ? reasons.find(Boolean) : others.every(same) ? first : undefined;
    if (reason === undefined) return false;
    for (const leaf of leaves) delete this.#unavailable[leaf];
    this.#unavailable[path] = reason;
    return true;
  }

  build(): Device {
    const facts = this.#facts;
    const identity = {
      index: facts.index,
      uuid: this.#identity('uuid', facts.uuid),
      name: this.#identity('name', facts.name),
      pciBusId: this.#identity('pciBusId', facts.pciBusId),
    };
    // Each path of telemetry_fields.def is a field of Device; a test holds reports to the schema that is made of it.
    const readings = this.#readings() as unknown as Readings;
    const encoder = { ...readings.encoder, sessions: this.#sessions() };
    const processes = this.#processes();
    return { ...identity, ...readings, encoder, processes, unavailable: this.#unavailable };
  }
}

/** Returns one device of a snapshot in its report form. */
export function toDevice(facts: DeviceFacts, fields: readonly string[], names: Names): Device {
  return new DeviceBuilder(facts, fields, names).build();
}

/**
 * Removes a UUID from devices that share it, if each has a PCI bus id: a UUID of two GPUs identifies none
 * (NVIDIA/nvidia-docker#1133).
 */
export function dropSharedUuids(devices: Device[]): void {
  const shared = devices.filter(({ uuid, pciBusId }, index) => {
    const isShared = devices.some((other, at) => at !== index && other.uuid === uuid);
    return uuid !== null && pciBusId !== null && isShared;
  });
  for (const device of shared) {
    device.uuid = null;
    device.unavailable.uuid = { code: null, name: 'NOT_UNIQUE' };
  }
}

/**
 * Names a device that NVML lost before it was identified: if the kernel lists exactly one GPU more than NVML
 * can name, the unnamed device is that one.
 */
export function nameByElimination(devices: Device[], kernelGpus: readonly string[]): void {
  const unnamed = devices.filter((device) => device.uuid === null && device.pciBusId === null);
  const known = new Set(devices.map((device) => device.pciBusId?.toLowerCase()));
  const others = kernelGpus.map(normalisePciBusId).filter((id) => !known.has(id));
  const [device, id] = [unnamed[0], others[0]];
  if (unnamed.length !== 1 || others.length !== 1 || device === undefined || id === undefined) return;
  device.pciBusId = id;
  delete device.unavailable.pciBusId;
}
