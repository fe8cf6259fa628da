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

/** Offset of the locks, far beyond the end of the file, so that they do not keep anyone from reading. */
const LOCK_AT = 2 ** 40;
/** A guard holds the lock on one of the following bytes while it lives. */
const GUARD_SLOTS_AT = LOCK_AT;
const MOST_GUARDS = 4096;
/** A write can come between a reader's two reads, but not this often. */
const READ_ATTEMPTS = 100;

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Position of the last ledger read; an empty file has no boot id. */
type Place = Pick<Header, 'at' | 'length' | 'sequence'> & { bootId: string | null };
const EMPTY: Place = { at: 0, length: 0, sequence: 0, bootId: null };

/** One open file: its descriptor, and the locks that live as long as it does. */
export class LedgerFile {
  readonly path: string;
  #fd: number;
  #guardSlot = 0;
  #sequence = -1;
  #header: Place = EMPTY;
  #ledger = new Ledger();
  /** The highest sequence number seen: a lower one means that an older copy was put back. */
  #newest = 0;
  /** Leases to be added to a new file. */
  #carried: LeaseRecord[] = [];
  readonly #bootId = bootId();

  constructor(path: string) {
    this.path = path;
    this.#fd = openLedger(path);
  }

  /** The slot number of this open file among the guards; 0 before its first change. */
  get guardSlot(): number {
    return this.#guardSlot;
  }

  /** Checks whether that guard holds its lock; the kernel releases it when the guard's process exits. */
  guardLives(guardSlot: number): boolean {
    return (
      guardSlot === this.#guardSlot ||
      // mutation: guard-slot-lock
      this.#system('cannot be locked', () => isLocked(this.#fd, GUARD_SLOTS_AT + guardSlot))
    );
  }

  /**
   * Makes a change under the file's lock. Returns undefined if another process has the lock. If `change`
   * throws, the file stays as it was.
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
      // The ledger in memory may be half changed. A guard that has not recorded itself has no slot.
      this.#sequence = -1;
      if (isNew) this.#guardSlot = 0;
      throw error;
    } finally {
      this.#unlock();
    }
  }

  /** Also unlocks if reopening the file failed after it was locked. If unlocking fails, it was not locked. */
  #unlock(): void {
    try {
      unlockByte(this.#fd, LOCK_AT);
    } catch {
      // The pending error says more.
    }
  }

  /** Rejects a file used by living guards with another boot id or with no ledger: they count separately. */
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

  /** Locks the file that is at the path now; it may have been replaced. */
  #tryLock(): boolean {
    const lock = () => this.#system('cannot be locked', () => tryLockByte(this.#fd, LOCK_AT));
    if (!lock()) return false;
    while (!this.#isInPlace()) {
      this.#reopen();
      if (!lock()) return false;
    }
    return true;
  }

  /** Returns the current ledger, without the lock. */
  read(): Ledger {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#load();
      } catch (error) {
        if (attempt === READ_ATTEMPTS) throw error;
      }
    }
  }

  /** Closes the descriptor and forgets its number, because the number is soon reused. */
  close(): void {
    closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The file may have been removed because it was corrupt, and another guard may have created a new one. */
  #isInPlace(): boolean {
    const own = fstatSync(this.#fd);
    const there = statSync(this.path, { throwIfNoEntry: false });
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  }

  /** Continues in the file that is there now, with the leases of this guard and those without a guard. */
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
    // Keeps leases of an earlier file that was replaced before they could be added to it.
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
    // Writes the file even without another change, so that only unused files are empty.
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
      // Sessions do not survive a reboot.
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
