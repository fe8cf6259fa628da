import { getSystemErrorName } from 'node:util';
import { loadAddon } from './binding.js';

/** The kernel cannot lock the file: an errno name, such as ENOLCK or EINVAL. */
export class LockError extends Error {
  constructor(errno: number) {
    super(getSystemErrorName(errno));
    this.name = 'LockError';
  }
}

/**
 * Locks one byte of an open file. Returns false if another open file description has the lock. The kernel
 * releases the lock when the descriptor is closed, however this process ends. Node itself has no file locks.
 * @throws LockError
 */
export function tryLockByte(fd: number, offset: number): boolean {
  const result = loadAddon().binding.lockByte(fd, offset);
  if (result === 0) return true;
  if (getSystemErrorName(result) === 'EAGAIN') return false;
  throw new LockError(result);
}

/** @throws LockError */
export function unlockByte(fd: number, offset: number): void {
  const result = loadAddon().binding.unlockByte(fd, offset);
  if (result !== 0) throw new LockError(result);
}

/**
 * Returns whether another open file description has locked one of these bytes; own locks do not count.
 * @throws LockError
 */
export function isLocked(fd: number, offset: number, length = 1): boolean {
  const result = loadAddon().binding.isLocked(fd, offset, length);
  if (result < 0) throw new LockError(result);
  return result === 1;
}
