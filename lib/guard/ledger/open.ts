import { closeSync, constants, fstatSync, openSync, statfsSync } from 'node:fs';
import { GpuProbeError } from '../../errors.js';
import type { Corrupt } from './format.js';

/** Network file systems, whose other machines have their own boots, processes and clocks. linux/magic.h */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
]);

/** Returns the error for something that the system or the file's location does not allow. */
export function failed(path: string, what: string, cause: unknown): GpuProbeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new GpuProbeError('ERR_GPUPROBE_LEDGER', `the guard's file ${path} ${what}: ${reason}`, { cause });
}

/** Returns the error for a file that no guard has written, with the way to recover. */
export function corrupt(path: string, cause: Corrupt): GpuProbeError {
  return new GpuProbeError(
    'ERR_GPUPROBE_LEDGER_CORRUPT',
    `the guard's file ${path} is corrupt: ${cause.message}. No session is admitted. To recover, remove the file: running guards write their sessions again within a second; reconcile() adds sessions whose process has ended`,
    { cause },
  );
}

/**
 * Opens or creates the ledger file. Refuses a file that is not local to this machine.
 * @throws GpuProbeError ERR_GPUPROBE_LEDGER
 */
export function openLedger(path: string): number {
  let fd = -1;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    fd = openSync(path, flags, 0o600);
    if (!fstatSync(fd).isFile()) throw new Error('not a regular file');
    const network = NETWORK.get(statfsSync(path).type);
    if (network !== undefined) throw new Error(`it is on ${network}; put it on a local file system`);
    return fd;
  } catch (cause) {
    if (fd >= 0) closeSync(fd);
    const code = (cause as NodeJS.ErrnoException).code;
    throw failed(
      path,
      'cannot be used',
      code === 'ELOOP' ? new Error('it is a symbolic link, which gpuprobe does not follow') : cause,
    );
  }
}
