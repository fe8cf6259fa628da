import type { Coded, DeviceFacts, EncoderSessionFacts, ProcessFacts } from '../native/snapshot.js';
import type { Names } from './check.js';
import type { Device, EncoderSession, GpuProcess, Unavailable } from './report.js';

/** nvmlClocksEventReasons bits, in the words of nvml.h. */
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
const HEALTH_FIELDS = ['ecc', 'remappedRows', 'retiredPages', 'recoveryAction', 'pcie'] as const;

/** The reason behind a code that is not 0. */
function reason(code: number, names: Names): Unavailable {
  if (code < 0) return { code: null, name: names.reasons[code] ?? 'NOT_AVAILABLE' };
  return { code, name: names.nvml[code] ?? `NVML_ERROR_${code}` };
}

/** A machine whose NVML answers everything with zero has broken monitoring, not an idle GPU (incident 5). */
function isAllZero(facts: DeviceFacts, fields: readonly string[]): boolean {
  const total = fields.indexOf('memory.totalBytes');
  if (facts.handleCode !== 0 || facts.codes[total] !== 0 || facts.values[total] !== 0) return false;
  return facts.name.value === '' && facts.values.every((value, i) => facts.codes[i] !== 0 || value === 0);
}

function clockEventReasons(bits: number): string[] {
  return CLOCK_EVENT_REASONS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
}

/** Turns one device's facts into its report form, gathering why each null is null. */
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

  /** The value, or null with its reason noted under `path`. */
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

  #number(path: string): number | null {
    const field = this.#fields.indexOf(path);
    const [value, code] = [this.#facts.values[field], this.#facts.codes[field]];
    return this.#take(path, value === undefined || code === undefined ? undefined : { value, code });
  }

  #mapped<T>(path: string, map: (value: number) => T): T | null {
    const value = this.#number(path);
    return value === null ? null : map(value);
  }

  /** What was read before the handle was lost still names the device. */
  #identity(path: string, coded: Coded<string>): string | null {
    if (this.#facts.handleCode !== 0 && coded.code === 0 && coded.value !== '') return coded.value;
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

  build(): Device {
    const facts = this.#facts;
    for (const field of HEALTH_FIELDS) this.#unavailable[field] = { code: null, name: 'NOT_READ_YET' };
    return {
      index: facts.index,
      uuid: this.#identity('uuid', facts.uuid),
      name: this.#identity('name', facts.name),
      pciBusId: this.#identity('pciBusId', facts.pciBusId),
      minor: this.#number('minor'),
      memory: {
        totalBytes: this.#number('memory.totalBytes'),
        usedBytes: this.#number('memory.usedBytes'),
        freeBytes: this.#number('memory.freeBytes'),
        reservedBytes: this.#number('memory.reservedBytes'),
      },
      utilization: {
        gpu: this.#number('utilization.gpu'),
        memory: this.#number('utilization.memory'),
        encoder: this.#number('utilization.encoder'),
        decoder: this.#number('utilization.decoder'),
      },
      temperatureCelsius: this.#number('temperatureCelsius'),
      powerWatts: this.#number('powerWatts'),
      powerLimitWatts: this.#number('powerLimitWatts'),
      clocks: {
        smHertz: this.#number('clocks.smHertz'),
        memoryHertz: this.#number('clocks.memoryHertz'),
      },
      throttleReasons: this.#mapped('throttleReasons', clockEventReasons),
      computeMode: this.#mapped('computeMode', (mode) => COMPUTE_MODES[mode] ?? 'unknown'),
      persistenceMode: this.#mapped('persistenceMode', (mode) => mode !== 0),
      migMode: this.#mapped('migMode', (mode) => mode !== 0),
      encoder: {
        sessionCount: this.#number('encoder.sessionCount'),
        averageFps: this.#number('encoder.averageFps'),
        averageLatencyUs: this.#number('encoder.averageLatencyUs'),
        sessions: this.#sessions(),
      },
      processes: this.#processes(),
      ecc: null,
      remappedRows: null,
      retiredPages: null,
      recoveryAction: null,
      pcie: null,
      unavailable: this.#unavailable,
    };
  }
}

/** One device of a snapshot as the report shows it. */
export function toDevice(facts: DeviceFacts, fields: readonly string[], names: Names): Device {
  return new DeviceBuilder(facts, fields, names).build();
}

/** The kernel writes a four-digit PCI domain, NVML an eight-digit one. */
const normalisePciBusId = (id: string) => id.toLowerCase().padStart('00000000:00:00.0'.length, '0');

/**
 * Names a device that NVML lost before it could be identified: when the kernel lists exactly one GPU more than
 * NVML can name, the unnamed device is that one.
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
