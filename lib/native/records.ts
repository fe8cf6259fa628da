import type { Records } from './catalog.gen.js';
import type { FieldLayout, Layout, RecordName } from './layout.js';

const NANOSECONDS = 1e6;

/** Returns the text up to its terminating zero, or to the end of its field. */
export function readText(bytes: Buffer, offset: number, size: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString('utf8', offset, end < 0 || end > offset + size ? offset + size : end);
}

function readNumber(bytes: Buffer, offset: number, storage: FieldLayout['storage']): number {
  switch (storage) {
    case 'u8':
      return bytes.readUInt8(offset);
    case 'u16':
      return bytes.readUInt16LE(offset);
    case 'i32':
      return bytes.readInt32LE(offset);
    case 'u64':
      return Number(bytes.readBigUInt64LE(offset));
    case 'f64':
      return bytes.readDoubleLE(offset);
    default:
      return bytes.readUInt32LE(offset);
  }
}

function decodeElement(layout: Layout, field: FieldLayout, bytes: Buffer, offset: number): unknown {
  const { form, storage, size } = field;
  if (storage === 'text') return readText(bytes, offset, size);
  if (storage === 'record') return decodeRecord(layout, form as RecordName, bytes, offset);
  const number = readNumber(bytes, offset, storage);
  if (form === 'number') return number;
  if (form === 'flag') return number !== 0;
  if (form === 'milliseconds') return number / NANOSECONDS;
  // A corrupted process may have written any number.
  return layout.names[form as 'checks'][number] ?? '';
}

/** Decodes the record at `start`. Limits each count to the size of its array. */
export function decodeRecord<Name extends RecordName>(
  layout: Layout,
  name: Name,
  bytes: Buffer,
  start = 0,
): Records[Name] {
  const decoded: Record<string, unknown> = {};
  for (const [key, field] of Object.entries<FieldLayout>(layout.records[name].fields)) {
    const { offset, size, room, countedBy } = field;
    if (room === null) {
      decoded[key] = decodeElement(layout, field, bytes, start + offset);
    } else {
      // mutation: record-room
      const count = countedBy === null ? room : Math.min(decoded[countedBy] as number, room);
      decoded[key] = Array.from({ length: count }, (_, i) =>
        decodeElement(layout, field, bytes, start + offset + i * size),
      );
    }
  }
  return decoded as unknown as Records[Name];
}

/** Decodes a payload of one record; returns undefined if the size does not match. */
export function decodeFrame<Name extends RecordName>(
  layout: Layout,
  name: Name,
  payload: ArrayBuffer,
): Records[Name] | undefined {
  // mutation: record-size
  if (payload.byteLength !== layout.records[name].size) return undefined;
  return decodeRecord(layout, name, Buffer.from(payload));
}

/** Decodes a payload of several records; returns undefined if it is not a whole number of them. */
export function decodeList<Name extends RecordName>(
  layout: Layout,
  name: Name,
  payload: ArrayBuffer,
): Records[Name][] | undefined {
  const { size } = layout.records[name];
  if (payload.byteLength % size !== 0) return undefined;
  const bytes = Buffer.from(payload);
  return Array.from({ length: payload.byteLength / size }, (_, i) =>
    decodeRecord(layout, name, bytes, i * size),
  );
}
