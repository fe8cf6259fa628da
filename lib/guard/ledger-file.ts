import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { GpuProbeError } from '../errors.js';
import { isLocked, tryLockByte, unlockByte } from '../native/file-lock.js';
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
} from './file-format.js';
import type { LeaseRecord } from './lease.js';
import { Ledger } from './ledger.js';

/** Locks lie far behind the end of the file: on bytes that are not there, so that they keep nobody from reading. */
const LOCK_AT = 2 ** 40;
/** A guard holds the lock on one of the bytes behind it for as long as it lives. */
const HOLDERS_AT = LOCK_AT;
const MOST_HOLDERS = 4096;
/** A writer may come between a reader's two reads, but not so often. */
const READ_ATTEMPTS = 100;

/** File systems of other machines too: their boots, processes and clocks are not this one's. linux/magic.h */
const NETWORK: Readonly<Record<number, string>> = {
  26985: 'NFS',
  4283649346: 'CIFS',
  4266872130: 'SMB',
  12805120: 'Ceph',
  198183888: 'Lustre',
};

const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

function failed(path: string, what: string, cause: unknown): GpuProbeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GpuProbeError('ERR_GPUPROBE_LEDGER', `the guard's file ${path} ${what}: ${reason}`, { cause });
}

function corrupt(path: string, cause: Corrupt): GpuProbeError {
  return new GpuProbeError(
    'ERR_GPUPROBE_LEDGER_CORRUPT',
    `the guard's file ${path} is corrupt: ${cause.message}. No session is admitted. To go on, remove the file: guards that run enter their sessions anew within a second; sessions of processes that have ended are entered by reconcile()`,
    { cause },
  );
}

/** Opens or makes the file, and refuses what is none of this machine's own. */
function open(path: string): number {
  let fd = -1;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    fd = openSync(path, flags, 0o600);
    if (!fstatSync(fd).isFile()) throw new Error('not a regular file');
    const network = NETWORK[statfsSync(path).type];
    if (network !== undefined)
      throw new Error(`on ${network}; it must be on a file system of this machine's own`);
    return fd;
  } catch (cause) {
    if (fd >= 0) closeSync(fd);
    const code = (cause as NodeJS.ErrnoException).code;
    throw failed(
      path,
      'cannot be used',
      code === 'ELOOP' ? new Error('a symbolic link, which is not followed') : cause,
    );
  }
}

/** One opening of the file: its bytes, and the locks that live as long as it does. */
export class LedgerFile {
  readonly path: string;
  #fd: number;
  #holder = 0;
  #sequence = -1;
  #header: Pick<Header, 'at' | 'length' | 'sequence'> = { at: 0, length: 0, sequence: 0 };
  #ledger = new Ledger();
  /** The last sequence number that was seen: an older one is a copy that somebody has put back. */
  #newest = 0;
  /** Leases that are to be entered into a file that is new. */
  #carried: LeaseRecord[] = [];
  readonly #bootId = bootId();

  constructor(path: string) {
    this.path = path;
    this.#fd = open(path);
  }

  /** This opening's number among the holders; 0 before its first change. */
  get holder(): number {
    return this.#holder;
  }

  /** Where a guard has that number, its lock says so; the kernel takes it back when the guard's process ends. */
  holderLives(holder: number): boolean {
    return (
      holder === this.#holder ||
      this.#system('cannot be locked', () => isLocked(this.#fd, HOLDERS_AT + holder))
    );
  }

  /**
   * Makes a change while nobody else does. Undefined: another has the lock. What `change` throws leaves the file as it
   * was.
   */
  tryChange<T>(change: (ledger: Ledger) => T): { result: T } | undefined {
    try {
      if (!this.#tryLock()) return undefined;
      const ledger = this.#load();
      if (this.#holder === 0) this.#attach(ledger);
      const result = change(ledger);
      if (ledger.changed) this.#store(ledger);
      return { result };
    } catch (error) {
      this.#sequence = -1;
      throw error;
    } finally {
      // Also one that was taken before the way to the file's place failed; without any it does nothing.
      unlockByte(this.#fd, LOCK_AT);
    }
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

  close(): void {
    closeSync(this.#fd);
  }

  /** Somebody may have removed the file, to be rid of what is corrupt, and another guard have made a new one. */
  #isInPlace(): boolean {
    const own = fstatSync(this.#fd);
    const there = statSync(this.path, { throwIfNoEntry: false });
    return there !== undefined && there.ino === own.ino && there.dev === own.dev;
  }

  /** Goes on in the file that is there now, with the leases of this guard and of nobody. */
  #reopen(): void {
    const carried = [...this.#ledger.leases.values()].filter(
      ({ holder }) => holder === this.#holder || holder === null,
    );
    const before = this.#fd;
    this.#fd = open(this.path);
    closeSync(before);
    this.#holder = 0;
    this.#sequence = -1;
    this.#newest = 0;
    this.#carried = carried;
  }

  #attach(ledger: Ledger): void {
    const taken = new Set([...ledger.leases.values()].map(({ holder }) => holder));
    for (let number = 1; number <= MOST_HOLDERS && this.#holder === 0; number++) {
      if (taken.has(number)) continue;
      if (this.#system('cannot be locked', () => tryLockByte(this.#fd, HOLDERS_AT + number)))
        this.#holder = number;
    }
    if (this.#holder === 0)
      throw failed(this.path, 'has no room', new Error(`${MOST_HOLDERS} guards use it`));
    // Written down, so that a file that is empty has no users.
    ledger.changed = true;
    for (const lease of this.#carried.splice(0)) {
      if (ledger.leases.has(lease.token) || ledger.running(lease.id) !== undefined) continue;
      ledger.put({ ...lease, holder: lease.holder === null ? null : this.#holder });
    }
  }

  #load(): Ledger {
    const bytes = this.#read(HEADER_BYTES, 0);
    try {
      if (bytes.length === 0) return this.#empty();
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
      if (header.sequence < this.#newest) throw new Corrupt('it is an older copy of itself');
      if (header.sequence === this.#sequence) return this.#ledger;
      return this.#take(decodeLedger(this.#read(header.length, header.at), header.checksum), header);
    } catch (error) {
      throw error instanceof Corrupt ? corrupt(this.path, error) : error;
    }
  }

  /** A file that was just made; one that was emptied has users. */
  #empty(): Ledger {
    if (this.#newest > 0 || isLocked(this.#fd, HOLDERS_AT + 1, MOST_HOLDERS)) {
      throw new Corrupt('it was emptied while guards use it');
    }
    return this.#take(new Ledger(), { at: 0, length: 0, sequence: 0 });
  }

  #take(ledger: Ledger, header: Pick<Header, 'at' | 'length' | 'sequence'>): Ledger {
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
