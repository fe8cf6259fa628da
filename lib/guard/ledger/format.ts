import { crc32 } from 'node:zlib';
import type { ProcessIdentity } from '../processes.js';
import type { LeaseRecord, LeaseState } from '../sessions/lease.js';
import { Ledger } from './ledger.js';

/**
 * The format of a shared ledger file: a header of 256 bytes that says where the ledger is, and the ledger as
 * JSON. A change is written to a free part of the file; then a new header makes it valid. A process killed in
 * between has changed nothing. Header and ledger each have a checksum.
 */
export interface Header {
  version: number;
  /** Boot id of the machine: sessions of an earlier boot have ended. */
  bootId: string;
  /** Increases by one with each change. */
  sequence: number;
  /** Offset of the ledger. */
  at: number;
  /** Length of the ledger in bytes. */
  length: number;
  /** Checksum of the ledger. */
  checksum: number;
}

export const VERSION = 1;
export const HEADER_BYTES = 256;
/** The ledger begins after the header's page. */
const FIRST = 4096;
/** Size limit: more than 1000 leases need. */
export const MOST_BYTES = 2 ** 24;

/** Thrown for content that no guard has written; the message says where. */
export class Corrupt extends Error {}

const checksumText = (text: string) => crc32(text).toString(16).padStart(8, '0');

export function encodeHeader(header: Header): Buffer {
  const text = JSON.stringify({ gpuprobeGuard: header }).padEnd(HEADER_BYTES - 10);
  return Buffer.from(`${checksumText(text)} ${text}\n`, 'latin1');
}

/** @throws Corrupt */
export function decodeHeader(bytes: Buffer): Header {
  const line = bytes.toString('latin1');
  const text = line.slice(9, HEADER_BYTES - 1);
  if (line.length !== HEADER_BYTES || line !== `${checksumText(text)} ${text}\n`) {
    throw new Corrupt('not the file of a guard (invalid first 256 bytes)');
  }
  const { gpuprobeGuard: header } = parse(text) as { gpuprobeGuard?: Header };
  const { at, length, sequence } = header ?? {};
  const sound = [at, length, sequence].every(
    (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  );
  if (header === undefined || !sound || header.length > MOST_BYTES) throw new Corrupt('invalid header');
  return header;
}

/** Returns where to write a ledger of that length without overwriting the valid one. */
export function placeFor(length: number, { at, length: held }: Pick<Header, 'at' | 'length'>): number {
  // mutation: guard-live-copy
  if (FIRST + length <= at) return FIRST;
  const end = at + held;
  return Math.max(FIRST, Math.ceil(end / FIRST) * FIRST);
}

export function encodeLedger(ledger: Ledger): Buffer {
  return Buffer.from(
    JSON.stringify({ leases: [...ledger.leases.values()], unverified: ledger.unverified }),
    'utf8',
  );
}

/** @throws Corrupt */
export function decodeLedger(bytes: Buffer, checksum: number): Ledger {
  // mutation: guard-checksum
  if (crc32(bytes) !== checksum) throw new Corrupt('the checksum of the sessions does not match');
  const { leases, unverified } = parse(bytes.toString('utf8')) as Record<string, unknown>;
  if (!Array.isArray(leases) || !Array.isArray(unverified))
    throw new Corrupt('the list of sessions is missing');
  const ledger = new Ledger();
  for (const lease of leases.map(asLease)) ledger.leases.set(lease.token, lease);
  ledger.unverified.push(...unverified.map(asLease));
  return ledger;
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // thrown below
  }
  throw new Corrupt('the sessions are not valid JSON');
}

const STATES: readonly LeaseState[] = ['active', 'releasing', 'orphaned', 'leaking', 'released-unverified'];

const isProcess = (value: ProcessIdentity) =>
  typeof value === 'object' &&
  value !== null &&
  Number.isInteger(value.pid) &&
  (value.start === null || Number.isFinite(value.start)) &&
  Number.isFinite(value.namespace);

/** A checksum catches accidents, but not an edit by hand. */
function asLease(value: LeaseRecord): LeaseRecord {
  const sound =
    typeof value === 'object' &&
    value !== null &&
    typeof value.id === 'string' &&
    typeof value.token === 'string' &&
    STATES.includes(value.state) &&
    (value.guardSlot === null || Number.isInteger(value.guardSlot)) &&
    (value.owner === null || isProcess(value.owner)) &&
    [value.acquiredAtMs, value.touchedAtMs, value.expectBytes].every(Number.isFinite) &&
    (value.data === null || typeof value.data === 'string') &&
    Array.isArray(value.pids) &&
    value.pids.every(isProcess);
  if (!sound) throw new Corrupt('invalid session record');
  return value;
}
