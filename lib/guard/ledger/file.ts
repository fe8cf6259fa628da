import { closeSync, fstatSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { GpuProbeError } from '../../errors.js';
import { isLocked, tryLockByte, unlockByte } from '../../native/file-lock.js';
import type { LeaseRecord } from '../sessions/lease.js';
import {
  Corrupt,
  decodeHeader,
  decodeLedger,
  encodeHeader,
  encodeLedger,
  HEADER_BYTES,
  type Header,
  MOST_BYTES,
  placeFor,
  VERSION,
} from './format.js';
import { Ledger } from './ledger.js';
import { corrupt, failed, openLedger } from './open.js';

/** Locks lie far behind the end of the file: on bytes that are not there, so that they keep nobody from reading. */
const LOCK_AT = 2 ** 40;
/** A guard holds the lock on one of the bytes behind it for as long as it lives. */
const GUARD_SLOTS_AT = LOCK_AT;
const MOST_GUARDS = 4096;
/** A writer may come between a reader's two reads, but not so often. */
const READ_ATTEMPTS = 100;

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Where the count is that was seen last; a file that is empty has no boot id. */
type Place = Pick<Header, 'at' | 'length' | 'sequence'> & { bootId: string | null };
const EMPTY: Place = { at: 0, length: 0, sequence: 0, bootId: null };

/** One opening of the file: its bytes, and the locks that live as long as it does. */
export class LedgerFile {
  readonly path: string;
  #fd: number;
  #guardSlot = 0;
  #sequence = -1;
  #header: Place = EMPTY;
  #ledger = new Ledger();
  /** The last sequence number that was seen: an older one is a copy that somebody has put back. */
  #newest = 0;
  /** Leases that are to be entered into a file that is new. */
  #carried: LeaseRecord[] = [];
  readonly #bootId = bootId();

  constructor(path: string) {
    this.path = path;
    this.#fd = openLedger(path);
  }

  /** This opening's number among the holders; 0 before its first change. */
  get guardSlot(): number {
    return this.#guardSlot;
  }

  /** Where a guard has that number, its lock says so; the kernel takes it back when the guard's process ends. */
  guardLives(guardSlot: number): boolean {
    return (
      guardSlot === this.#guardSlot ||
      // mutation: guard-slot-lock
      this.#system('cannot be locked', () => isLocked(this.#fd, GUARD_SLOTS_AT + guardSlot))
    );
  }

  /**
   * Makes a change while nobody else does. Undefined: another has the lock. What `change` throws leaves the file as it
   * was.
   */
  tryChange<T>(change: (ledger: Ledger) => T): { result: T } | undefined {
    let isNew = false;
    try {
      if (!this.#tryLock()) return undefined;
      isNew = this.#guardSlot === 0;
      const ledger = this.#load();
      this.#refuseStrangers();
      if (isNew) this.#attach(ledger);
      const result = change(ledger);
      if (ledger.changed) this.#store(ledger);
      return { result };
    } catch (error) {
      // What is in memory may be half of a change; and whoever has not written that he is there is not.
      this.#sequence = -1;
      if (isNew) this.#guardSlot = 0;
      throw error;
    } finally {
      this.#unlock();
    }
  }

  /** Also what was locked before the way to the file's place failed. What cannot be unlocked was not locked. */
  #unlock(): void {
    try {
      unlockByte(this.#fd, LOCK_AT);
    } catch {
      // The error that is under way says more.
    }
  }

  /** Guards that see another boot id, or none of this count, and live: they are on this machine, and count apart. */
  #refuseStrangers(): void {
    const { bootId } = this.#header;
    // mutation: guard-emptied-file
    if (bootId === this.#bootId || !this.#isUsed()) return;
    if (bootId === null) throw corrupt(this.path, new Corrupt('it was truncated while guards use it'));
    throw failed(
      this.path,
      'cannot be used',
      new Error(
        'guards with another boot id use it: containers with boot ids of their own cannot share a count',
      ),
    );
  }

  #isUsed(): boolean {
    return this.#system('cannot be locked', () => isLocked(this.#fd, GUARD_SLOTS_AT + 1, MOST_GUARDS));
  }

  /** Locks the file that is at the path now, which may be another one than before. */
  #tryLock(): boolean {
    const lock = () => this.#system('cannot be locked', () => tryLockByte(this.#fd, LOCK_AT));
    if (!lock()) return false;
    while (!this.#isInPlace()) {
      this.#reopen();
      if (!lock()) return false;
    }
    return true;
  }

  /** The count as it is now, without the lock. */
  read(): Ledger {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#load();
      } catch (error) {
        if (attempt === READ_ATTEMPTS) throw error;
      }
    }
  }

  /** The number of its descriptor is another file's soon. */
  close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Somebody may have removed the file, to be rid of what is corrupt, and another guard have made a new one. */
  #isInPlace(): boolean {
    const own = fstatSync(this.#fd);
    const there = statSync(this.path, { throwIfNoEntry: false });
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  }

  /** Goes on in the file that is there now, with the leases of this guard and of nobody. */
  #reopen(): void {
    const known = [...this.#ledger.leases.values()].filter(
      ({ guardSlot }) => guardSlot === null || guardSlot === this.#guardSlot,
    );
    const before = this.#fd;
    this.#fd = openLedger(this.path);
    closeSync(before);
    this.#guardSlot = 0;
    this.#sequence = -1;
    this.#newest = 0;
    // Those of a file that was left before they could be entered into it are still to be.
    this.#carried.push(...known);
    this.#ledger = new Ledger();
  }

  #attach(ledger: Ledger): void {
    const taken = new Set([...ledger.leases.values()].map(({ guardSlot }) => guardSlot));
    for (let number = 1; number <= MOST_GUARDS && this.#guardSlot === 0; number++) {
      if (taken.has(number)) continue;
      if (this.#system('cannot be locked', () => tryLockByte(this.#fd, GUARD_SLOTS_AT + number)))
        this.#guardSlot = number;
    }
    if (this.#guardSlot === 0)
      throw failed(this.path, 'has no room', new Error(`${MOST_GUARDS} guards use it`));
    // Written down, so that a file that is empty has no users.
    ledger.changed = true;
    for (const lease of this.#carried) {
      if (ledger.leases.has(lease.token) || ledger.running(lease.id) !== undefined) continue;
      ledger.put({ ...lease, guardSlot: lease.guardSlot === null ? null : this.#guardSlot });
    }
  }

  #load(): Ledger {
    const bytes = this.#read(HEADER_BYTES, 0);
    try {
      if (bytes.length === 0) {
        if (this.#newest > 0) throw new Corrupt('it was truncated');
        return this.#take(new Ledger(), EMPTY);
      }
      const header = decodeHeader(bytes);
      if (header.version !== VERSION) {
        throw failed(
          this.path,
          'cannot be used',
          new Error(`written by another version (${header.version})`),
        );
      }
      // Sessions do not outlive the machine.
      if (header.bootId !== this.#bootId) return this.#take(new Ledger(), header);
      if (header.sequence < this.#newest) throw new Corrupt('it was replaced by an older copy');
      if (header.sequence === this.#sequence) return this.#ledger;
      return this.#take(decodeLedger(this.#read(header.length, header.at), header.checksum), header);
    } catch (error) {
      throw error instanceof Corrupt ? corrupt(this.path, error) : error;
    }
  }

  #take(ledger: Ledger, header: Place): Ledger {
    this.#ledger = ledger;
    this.#header = header;
    this.#sequence = header.sequence;
    this.#newest = header.sequence;
    return ledger;
  }

  #store(ledger: Ledger): void {
    const bytes = encodeLedger(ledger);
    if (bytes.length > MOST_BYTES)
      throw failed(this.path, 'cannot be written', new Error('too many sessions'));
    const header: Header = {
      version: VERSION,
      bootId: this.#bootId,
      sequence: this.#header.sequence + 1,
      at: placeFor(bytes.length, this.#header),
      length: bytes.length,
      checksum: crc32(bytes),
    };
    this.#write(bytes, header.at);
    this.#write(encodeHeader(header), 0);
    ledger.changed = false;
    this.#carried = [];
    this.#take(ledger, header);
  }

  #read(length: number, at: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    const got = this.#system('cannot be read', () => readSync(this.#fd, bytes, 0, length, at));
    return bytes.subarray(0, got);
  }

  #write(bytes: Buffer, at: number): void {
    const written = this.#system('cannot be written', () => writeSync(this.#fd, bytes, 0, bytes.length, at));
    if (written !== bytes.length) throw failed(this.path, 'cannot be written', new Error('no space left'));
  }

  #system<T>(what: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw cause instanceof GpuProbeError ? cause : failed(this.path, what, cause);
    }
  }
}
