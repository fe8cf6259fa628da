import type { Binding, SnapshotLayout } from './binding.js';
import { readText } from './frames.js';

/** A string or number and its code: 0 read; positive nvmlReturn_t; negative a reason of gpuprobe's own. */
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

export interface EncoderSessionFacts {
  sessionId: number;
  pid: number;
  codec: number;
  width: number;
  height: number;
  averageFps: number;
  averageLatencyUs: number;
}

/** One device of a snapshot (`probes::DeviceRecord`). */
export interface DeviceFacts {
  index: number;
  /** nvmlDeviceGetHandleByIndex: not 0 = nothing else was asked. */
  handleCode: number;
  name: Coded<string>;
  uuid: Coded<string>;
  pciBusId: Coded<string>;
  /** By report path, in the units of the report. */
  readings: Map<string, Coded<number>>;
  sessions: Coded<EncoderSessionFacts[]>;
  processes: Coded<ProcessFacts[]>;
}

/** A snapshot and how old it is. */
export interface SnapshotFacts {
  /** Counts snapshots of this telemetry process. */
  generation: number;
  ageMs: number;
  simulated: boolean;
  driverVersion: string;
  nvmlVersion: string;
  /** 12020 = 12.2; 0 = not known. */
  cudaVersion: number;
  devices: DeviceFacts[];
}

/** Reads the shared page of one source, without asking anybody; see native/wire/page.h. */
export class SnapshotReader {
  readonly #binding: Binding;
  readonly #source: number;
  readonly #inThread: boolean;
  readonly #layout: SnapshotLayout;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #meta = new Float64Array(3);

  constructor(binding: Binding, source: number, inThread: boolean) {
    this.#binding = binding;
    this.#source = source;
    this.#inThread = inThread;
    this.#layout = binding.layout.snapshot;
    const memory = new ArrayBuffer(this.#layout.capacity);
    this.#bytes = Buffer.from(memory);
    this.#view = new DataView(memory);
  }

  /** The last snapshot, or null when none was ever published. */
  read(): SnapshotFacts | null {
    const size = this.#binding.readSnapshot(this.#source, this.#inThread, this.#bytes, this.#meta);
    if (size === 0) return null;
    const at = this.#layout;
    const count = this.#u32(at.device_count);
    return {
      generation: this.#meta[0] ?? 0,
      ageMs: this.#meta[1] ?? Number.NaN,
      simulated: this.#u32(at.simulated) !== 0,
      driverVersion: readText(this.#bytes, at.driver_version, 80),
      nvmlVersion: readText(this.#bytes, at.nvml_version, 80),
      cudaVersion: this.#i32(at.cuda_version),
      devices: Array.from({ length: count }, (_, i) =>
        this.#device(this.#u32(at.devices_offset) + i * at.device.size),
      ),
    };
  }

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  #i32(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  #text(start: number, code: number, offset: number, size: number): Coded<string> {
    return { value: readText(this.#bytes, start + offset, size), code: this.#i32(start + code) };
  }

  #device(start: number): DeviceFacts {
    const at = this.#layout.device;
    const readings = new Map(
      at.fields.map((path, i) => [
        path,
        {
          value: this.#view.getFloat64(start + at.values + i * 8, true),
          code: this.#i32(start + at.codes + i * 4),
        },
      ]),
    );
    const first = (field: number, offset: number) => this.#u32(start + field) * offset;
    const { session, process } = this.#layout.lists;
    const sessionsAt = this.#u32(this.#layout.sessions_offset) + first(at.first_session, session.size);
    const processesAt = this.#u32(this.#layout.processes_offset) + first(at.first_process, process.size);
    return {
      index: this.#u32(start + at.index),
      handleCode: this.#i32(start + at.handle_code),
      name: this.#text(start, at.name_code, at.name, at.uuid - at.name),
      uuid: this.#text(start, at.uuid_code, at.uuid, at.pci_bus_id - at.uuid),
      pciBusId: this.#text(start, at.pci_bus_id_code, at.pci_bus_id, 32),
      readings,
      sessions: {
        code: this.#i32(start + at.sessions_code),
        value: Array.from({ length: this.#u32(start + at.session_count) }, (_, i) =>
          this.#session(sessionsAt + i * session.size),
        ),
      },
      processes: {
        code: this.#i32(start + at.processes_code),
        value: Array.from({ length: this.#u32(start + at.process_count) }, (_, i) =>
          this.#process(processesAt + i * process.size),
        ),
      },
    };
  }

  #session(start: number): EncoderSessionFacts {
    const at = this.#layout.lists.session;
    return {
      sessionId: this.#u32(start + at.session_id),
      pid: this.#u32(start + at.pid),
      codec: this.#u32(start + at.codec),
      width: this.#u32(start + at.width),
      height: this.#u32(start + at.height),
      averageFps: this.#u32(start + at.average_fps),
      averageLatencyUs: this.#u32(start + at.average_latency_us),
    };
  }

  #process(start: number): ProcessFacts {
    const at = this.#layout.lists.process;
    return {
      pid: this.#u32(start + at.pid),
      kind: this.#u32(start + at.kind),
      usedBytes: {
        value: this.#view.getFloat64(start + at.used_bytes, true),
        code: this.#i32(start + at.used_code),
      },
      name: this.#text(start, at.name_code, at.name, at.size - at.name),
    };
  }
}
