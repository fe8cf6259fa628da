// What comes from the helper processes may have been spoilt by a driver: whatever it is, it becomes an object or
// nothing. The seed stands here, so that a failure comes again.
import { describe, expect, it } from 'vitest';
import { type Binding, loadAddon } from '../../lib/native/binding.js';
import { driverEnvironment } from '../../lib/native/environment.js';
import { decodeLibrary, decodeNodes } from '../../lib/native/frames.js';
import { decodeFrame, decodeList } from '../../lib/native/records.js';
import { type SnapshotFacts, SnapshotReader } from '../../lib/native/snapshot.js';
import { openSource } from '../../lib/native/source.js';
import { startMachine } from '../../lib/sim/machine.js';

const ROUNDS = 5000;
const SEED = 20251105;
const { layout } = loadAddon().binding;

/** Mulberry32: whole numbers below the one asked for. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Numbers that break what trusts them, more often than chance would give them. */
const TELLING = [0, 1, 2, 3, 7, 64, 65, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

function spoil(bytes: Buffer, random: (below: number) => number, below: number): void {
  const words = Math.floor(below / 4);
  for (let times = 1 + random(4); times > 0; times--) {
    const value = random(2) === 0 ? (TELLING[random(TELLING.length)] ?? 0) : random(2 ** 32);
    bytes.writeUInt32LE(value, 4 * random(words));
  }
}

function noise(size: number, random: (below: number) => number): ArrayBuffer {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = random(256);
  return bytes.buffer;
}

/** Every leaf: a hole in an array, or what lies outside of one, would be undefined. */
function leaves(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
}

const isWhole = (facts: unknown) => leaves(facts).every((leaf) => leaf !== undefined);

describe('frames of random bytes', () => {
  const { records } = layout;
  const whole = (name: 'check' | 'done' | 'event' | 'lost') => ({
    size: records[name].size,
    decode: (payload: ArrayBuffer) => decodeFrame(layout, name, payload),
  });
  const decoders = {
    check: whole('check'),
    done: whole('done'),
    event: whole('event'),
    lost: whole('lost'),
    nodes: { size: records.nodes.size, decode: (payload: ArrayBuffer) => decodeNodes(payload, layout) },
    library: { size: records.library.size, decode: (payload: ArrayBuffer) => decodeLibrary(payload, layout) },
    devices: {
      size: 3 * records.cudaDevice.size,
      decode: (payload: ArrayBuffer) => decodeList(layout, 'cudaDevice', payload),
    },
  };

  it.each(Object.entries(decoders))('%s: a whole object or undefined', (_, { size, decode }) => {
    const random = randomFrom(SEED);
    let decoded = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const length = random(2) === 0 ? size : random(size + 64);
      const facts = decode(noise(length, random));
      if (facts !== undefined) decoded += 1;
      expect(facts === undefined || isWhole(facts)).toBe(true);
    }
    expect(decoded).toBeGreaterThan(ROUNDS / 4);
  });

  it('says of no record more than it holds', () => {
    const full = new Uint8Array(records.nodes.size).fill(0xff).buffer;
    const nodes = decodeNodes(full, layout);
    expect(nodes?.gpus).toHaveLength(64);
    expect(nodes?.nodes.every((node) => node.path.length <= records.node.fields.path.size)).toBe(true);
  });
});

describe('pages of random bytes', () => {
  /** A reader of what `fill` leaves in its buffer. */
  function readerOf(fill: (bytes: Buffer) => number): SnapshotReader {
    let generation = 0;
    const openReader: Binding['openReader'] = (_source, _inThread, target, meta) => () => {
      meta[0] = ++generation;
      return fill(target as Buffer);
    };
    return new SnapshotReader({ layout, openReader } as unknown as Binding, 0, false);
  }

  const listed = (snapshot: SnapshotFacts) =>
    snapshot.devices.flatMap((device) => [...device.processes.value, ...device.sessions.value]).length;

  /** The bytes of a real snapshot with lists. */
  async function realPage(): Promise<Buffer> {
    const machine = startMachine({ scenario: 'healthy' });
    const source = openSource({ inThread: false, libraryPath: '', machine });
    await source.ask({ kind: 'telemetry', softMs: 20_000, hardMs: 60_000, lists: true });
    const { binding } = loadAddon();
    // The same specification is the same source: this is its number.
    const id = binding.openSource(machine.libraries, driverEnvironment(process.env), machine.fd, machine.key);
    const bytes = Buffer.alloc(layout.snapshotCapacity);
    const size = binding.openReader(id, false, bytes, new Float64Array(5))();
    expect(size).toBeGreaterThan(0);
    return bytes.subarray(0, size);
  }

  it('noise is no snapshot', () => {
    const random = randomFrom(SEED);
    const reader = readerOf((bytes) => {
      const size = 1 + random(4096);
      Buffer.from(noise(size, random)).copy(bytes);
      return size;
    });
    for (let round = 0; round < ROUNDS; round++) expect(reader.read()).toBeNull();
  });

  it('a snapshot of which some words are spoilt is whole or none', async () => {
    const real = await realPage();
    const random = randomFrom(SEED);
    // Half of them in the header, where the counts and offsets are.
    const reader = readerOf((bytes) => {
      real.copy(bytes);
      spoil(bytes, random, random(2) === 0 ? 48 : real.length);
      return random(50) === 0 ? random(layout.snapshotCapacity) : real.length;
    });
    let read = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const snapshot = reader.read();
      if (snapshot === null) continue;
      read += 1;
      expect(isWhole(snapshot)).toBe(true);
      expect(snapshot.devices).toHaveLength(2);
      expect(listed(snapshot)).toBeLessThan(100);
    }
    expect(read).toBeGreaterThan(ROUNDS / 10);
    expect(read).toBeLessThan(ROUNDS);
  });
});
