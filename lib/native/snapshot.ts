import type { Binding } from './binding.js';
import type { Records } from './catalog.gen.js';
import type { FieldLayout, RecordLayout, RecordName } from './layout.js';
import { readText } from './records.js';

/** A string or list and its code: 0 read; positive nvmlReturn_t; negative a reason of gpuprobe's own. */
export interface Coded<T> {
  value: T;
  code: number;
}

export interface ProcessFacts {
  pid: number;
  /** 0 compute, 1 graphics, 2 MPS compute. */
  kind: number;
  usedBytes: Coded<number>;
  name: Coded<string>;
}

export type EncoderSessionFacts = Records['session'];

/** The fields that identify a device. */
export interface IdentityFacts {
  name: Coded<string>;
  uuid: Coded<string>;
  pciBusId: Coded<string>;
}

/** One device of a snapshot (`probes::DeviceRecord`). */
export interface DeviceFacts extends IdentityFacts {
  index: number;
  /** nvmlDeviceGetHandleByIndex: if not 0, nothing else was read. */
  handleCode: number;
  /** In the order of `SnapshotFacts.fields`, in the units of the report. */
  values: number[];
  /** One per value: if not 0, the value is not a reading. */
  codes: number[];
  sessions: Coded<EncoderSessionFacts[]>;
  processes: Coded<ProcessFacts[]>;
}

/** A snapshot as the telemetry process published it. */
export interface SnapshotFacts {
  /** Counts the snapshots of this telemetry process. */
  generation: number;
  simulated: boolean;
  driverVersion: string;
  nvmlVersion: string;
  /** 12020 = 12.2; 0 = not known. */
  cudaVersion: number;
  /** Report paths of a device's values. */
  fields: readonly string[];
  devices: DeviceFacts[];
}

/** The driver call that a process is in. */
export interface CurrentCall {
  /** A check's name; '' if the process wrote an unknown number. */
  check: string;
  /** '' before the first call. */
  driverFunction: string;
  forMs: number;
}

const DOUBLE = 8;
const INTEGER = 4;

/** A record's size and its field offsets by name, to avoid a look-up in the layout for each field. */
class Place<Name extends RecordName> {
  readonly size: number;
  readonly at: Readonly<Record<keyof Records[Name], number>>;
  readonly room: Readonly<Record<keyof Records[Name], number>>;

  constructor({ size, fields }: RecordLayout<Name>) {
    const by = (what: 'offset' | 'size') =>
      Object.fromEntries(
        Object.entries<FieldLayout>(fields).map(([name, field]) => [name, field[what]]),
      ) as Record<keyof Records[Name], number>;
    this.size = size;
    this.at = by('offset');
    this.room = by('size');
  }
}

/**
 * Reads the shared page of one source, without any request; see native/wire/page.h. The page is copied into
 * one buffer and decoded through typed arrays over it; its records are aligned for that. Strings are decoded
 * only if their hash has changed, and an unchanged snapshot is returned as the same object.
 */
export class SnapshotReader {
  readonly #header: Place<'snapshot'>;
  readonly #devicePlace: Place<'device'>;
  readonly #sessionPlace: Place<'session'>;
  readonly #processPlace: Place<'process'>;
  readonly #fields: readonly string[];
  readonly #names: { checks: string[]; functions: string[] };
  readonly #bytes: Buffer;
  readonly #doubles: Float64Array;
  readonly #integers: Int32Array;
  readonly #words: Uint32Array;
  readonly #meta = new Float64Array(5);
  readonly #fill: () => number;
  #last: SnapshotFacts | null = null;
  #stringsHash = -1;
  #identities: IdentityFacts[] = [];
  #versions: [driver: string, nvml: string] = ['', ''];

  constructor(binding: Binding, source: number, inThread: boolean) {
    const { records, names, readings, snapshotCapacity } = binding.layout;
    this.#header = new Place(records.snapshot);
    this.#devicePlace = new Place(records.device);
    this.#sessionPlace = new Place(records.session);
    this.#processPlace = new Place(records.process);
    this.#fields = readings;
    this.#names = names;
    const memory = new ArrayBuffer(Math.ceil(snapshotCapacity / DOUBLE) * DOUBLE);
    this.#bytes = Buffer.from(memory);
    this.#doubles = new Float64Array(memory);
    this.#integers = new Int32Array(memory);
    this.#words = new Uint32Array(memory);
    this.#fill = binding.openReader(source, inThread, this.#bytes, this.#meta);
  }

  /** Milliseconds since the last snapshot was published; NaN before the first. As of the last `read`. */
  get ageMs(): number {
    return this.#meta[1] ?? Number.NaN;
  }

  /** Milliseconds that the telemetry process has been in its call; NaN if in none. As of the last `read`. */
  get inCallMs(): number {
    return this.#meta[2] ?? Number.NaN;
  }

  /** Returns the telemetry process's current call from the shared page; null if it is in none. */
  currentCall(): CurrentCall | null {
    this.#fill();
    const inCallMs = this.inCallMs;
    if (Number.isNaN(inCallMs)) return null;
    // A corrupted process may have written any number.
    return {
      check: this.#names.checks[this.#meta[3] ?? 0] ?? '',
      driverFunction: this.#names.functions[this.#meta[4] ?? 0] ?? '',
      forMs: Math.max(0, inCallMs),
    };
  }

  /** Returns the last snapshot; null if none was published, or if it is invalid. */
  read(): SnapshotFacts | null {
    const size = this.#fill();
    // Also 0 if a write takes longer than a reader waits: then the previous copy is still valid.
    if (size === 0) return this.#last;
    if (this.#last === null || this.#last.generation !== this.#meta[0] || this.#hasNewStrings()) {
      // mutation: spoilt-page
      this.#last = this.#isSnapshot(size) ? this.decode() : null;
    }
    return this.#last;
  }

  /**
   * Validates the page, because its writer may have been corrupted by a driver: a count of four billion would
   * block the service for minutes and then exhaust its memory.
   */
  #isSnapshot(size: number): boolean {
    const { at, size: headerSize } = this.#header;
    const device = this.#devicePlace;
    const [sessions, processes] = [this.#word(at.sessionCount), this.#word(at.processCount)];
    const afterDevices = headerSize + this.#word(at.deviceCount) * device.size;
    const afterSessions = afterDevices + sessions * this.#sessionPlace.size;
    const packed =
      this.#word(at.devicesOffset) === headerSize &&
      this.#word(at.sessionsOffset) === afterDevices &&
      this.#word(at.processesOffset) === afterSessions &&
      afterSessions + processes * this.#processPlace.size === size;
    if (!packed) return false;
    for (let start = headerSize; start < afterDevices; start += device.size) {
      if (!this.#isWithin(start, device.at.firstSession, device.at.sessionCount, sessions)) return false;
      if (!this.#isWithin(start, device.at.firstProcess, device.at.processCount, processes)) return false;
    }
    return true;
  }

  /** Checks that a device's part of a list shared by all devices is within the list. */
  #isWithin(device: number, first: number, count: number, length: number): boolean {
    const own = this.#word(device + count);
    return own === 0 || this.#word(device + first) + own <= length;
  }

  /** Decodes the snapshot in the buffer, after a `read` that found one. */
  decode(): SnapshotFacts {
    const { at } = this.#header;
    const { size } = this.#devicePlace;
    const count = this.#word(at.deviceCount);
    const start = this.#word(at.devicesOffset);
    if (this.#hasNewStrings() || this.#identities.length !== count) this.#readStrings(start, count);
    const devices: DeviceFacts[] = [];
    for (let i = 0; i < count; i++) devices.push(this.#device(start + i * size, i));
    return {
      generation: this.#meta[0] ?? 0,
      simulated: this.#word(at.simulated) !== 0,
      driverVersion: this.#versions[0],
      nvmlVersion: this.#versions[1],
      cudaVersion: this.#integer(at.cudaVersion),
      fields: this.#fields,
      devices,
    };
  }

  /** Another process's page may repeat a generation, but not with different strings. */
  #hasNewStrings(): boolean {
    return this.#word(this.#header.at.stringsHash) !== this.#stringsHash;
  }

  #word(offset: number): number {
    return this.#words[offset / INTEGER] as number;
  }

  #integer(offset: number): number {
    return this.#integers[offset / INTEGER] as number;
  }

  #text(start: number, code: number, offset: number, room: number): Coded<string> {
    return { value: readText(this.#bytes, start + offset, room), code: this.#integer(start + code) };
  }

  #readStrings(start: number, count: number): void {
    const { at: header, room: headerRoom } = this.#header;
    const { at, room, size } = this.#devicePlace;
    this.#stringsHash = this.#word(header.stringsHash);
    this.#versions = [
      readText(this.#bytes, header.driverVersion, headerRoom.driverVersion),
      readText(this.#bytes, header.nvmlVersion, headerRoom.nvmlVersion),
    ];
    this.#identities = Array.from({ length: count }, (_, i) => {
      const record = start + i * size;
      return {
        name: this.#text(record, at.nameCode, at.name, room.name),
        uuid: this.#text(record, at.uuidCode, at.uuid, room.uuid),
        pciBusId: this.#text(record, at.pciBusIdCode, at.pciBusId, room.pciBusId),
      };
    });
  }

  #device(start: number, i: number): DeviceFacts {
    const { at } = this.#devicePlace;
    const count = this.#fields.length;
    const firstValue = (start + at.values) / DOUBLE;
    const firstCode = (start + at.codes) / INTEGER;
    const values = new Array<number>(count);
    const codes = new Array<number>(count);
    for (let field = 0; field < count; field++) {
      values[field] = this.#doubles[firstValue + field] as number;
      codes[field] = this.#integers[firstCode + field] as number;
    }
    const { name, uuid, pciBusId } = this.#identities[i] as IdentityFacts;
    return {
      name,
      uuid,
      pciBusId,
      index: this.#word(start + at.index),
      handleCode: this.#integer(start + at.handleCode),
      values,
      codes,
      sessions: { code: this.#integer(start + at.sessionsCode), value: this.#sessions(start) },
      processes: { code: this.#integer(start + at.processesCode), value: this.#processes(start) },
    };
  }

  #sessions(device: number): EncoderSessionFacts[] {
    const { at: of } = this.#devicePlace;
    const { at, size } = this.#sessionPlace;
    const first = this.#word(this.#header.at.sessionsOffset) + this.#word(device + of.firstSession) * size;
    const sessions: EncoderSessionFacts[] = [];
    for (let i = 0; i < this.#word(device + of.sessionCount); i++) {
      const start = first + i * size;
      sessions.push({
        sessionId: this.#word(start + at.sessionId),
        pid: this.#word(start + at.pid),
        codec: this.#word(start + at.codec),
        width: this.#word(start + at.width),
        height: this.#word(start + at.height),
        averageFps: this.#word(start + at.averageFps),
        averageLatencyUs: this.#word(start + at.averageLatencyUs),
      });
    }
    return sessions;
  }

  #processes(device: number): ProcessFacts[] {
    const { at: of } = this.#devicePlace;
    const { at, room, size } = this.#processPlace;
    const first = this.#word(this.#header.at.processesOffset) + this.#word(device + of.firstProcess) * size;
    const processes: ProcessFacts[] = [];
    for (let i = 0; i < this.#word(device + of.processCount); i++) {
      const start = first + i * size;
      processes.push({
        pid: this.#word(start + at.pid),
        kind: this.#word(start + at.kind),
        usedBytes: {
          value: this.#doubles[(start + at.usedBytes) / DOUBLE] as number,
          code: this.#integer(start + at.usedCode),
        },
        name: this.#text(start, at.nameCode, at.name, room.name),
      });
    }
    return processes;
  }
}
