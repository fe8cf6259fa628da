import type { FRAMES, Records } from './catalog.gen.js';
import type { KindInfo, ProbeKind } from './kinds.js';

export type RecordName = keyof Records;

/** Offset and storage of a field, as published by the addon. */
export interface FieldLayout {
  offset: number;
  storage: 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'f64' | 'text' | 'record';
  /** Bytes; for an array, of one element. */
  size: number;
  /** The decoded form; see `native/catalog/records.def`. */
  form: string;
  /** Number of elements of an array; null if it is not an array. */
  room: number | null;
  /** The earlier field with the number of used elements; null: all are used. */
  countedBy: string | null;
}

export interface RecordLayout<Name extends RecordName> {
  size: number;
  fields: Record<keyof Records[Name], FieldLayout>;
}

type FrameName = (typeof FRAMES)[number];

/** What the addon says of its own records; nothing here is written down twice. */
export interface Layout {
  wireVersion: number;
  names: {
    checks: string[];
    outcomes: string[];
    vias: string[];
    apis: string[];
    events: string[];
    functions: string[];
    /** For each library number (`probes::LibraryId`), the functions that gpuprobe calls. */
    symbols: { name: string; required: boolean; since: number }[][];
    nvml: Record<number, string>;
    cuda: Record<number, string>;
    probe: Record<number, string>;
    unavailable: Record<number, string>;
  };
  kinds: Record<ProbeKind, KindInfo>;
  frames: Record<FrameName, number>;
  flags: { lists: number; history: number; skipSuspended: number };
  records: { readonly [Name in RecordName]: RecordLayout<Name> };
  /** Report paths of a device's values, in order. */
  readings: string[];
  /** Size of the largest snapshot in bytes. */
  snapshotCapacity: number;
}
