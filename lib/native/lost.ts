import { getSystemErrorName } from 'node:util';
import { GpuProbeError } from '../errors.js';
import type { Addon } from './binding.js';
import { decodeFrame } from './records.js';

const THREAD_REMEDY =
  "Where this process may not start another, use isolation: 'thread' (--isolation thread).";
const START_REMEDIES: Record<string, string> = {
  ENOENT: 'Reinstall the package; in a clone run `npm run build`.',
  EACCES: "Restore the file's x bit, or mount its file system without noexec.",
  ENOEXEC: 'The file is damaged, or of another platform. Reinstall the package.',
  EMFILE:
    'This process has no file descriptor left: raise its limit (ulimit -n), or look for a leak of descriptors.',
  ENFILE: 'The system has no file descriptor left (fs.file-max).',
  EAGAIN: `The limit on processes is reached: raise the limit (ulimit -u, the container's pids). ${THREAD_REMEDY}`,
  ENOMEM: `There is not enough memory for another process. ${THREAD_REMEDY}`,
};

/** Returns the error for a warden that will not answer. */
export function lostError(addon: Addon, payload: ArrayBuffer): GpuProbeError {
  const { startErrno, waitStatus, retryMs } = decodeFrame(addon.binding.layout, 'lost', payload) ?? {
    startErrno: 0,
    waitStatus: 0,
    retryMs: 0,
  };
  if (retryMs > 0) {
    return new GpuProbeError(
      'ERR_GPUPROBE_WARDEN_BACKOFF',
      `the helper process ${addon.wardenPath} ended several times in a row (wait status ${waitStatus}); ` +
        `gpuprobe starts it again in ${retryMs} ms`,
      { cause: waitStatus, retryAfterMs: retryMs },
    );
  }
  // A value that is not an errno has no name, and looking it up throws.
  if (startErrno <= 0) {
    return new GpuProbeError(
      'ERR_GPUPROBE_WARDEN_LOST',
      `the helper process gpuprobe-warden ended during a probe (wait status ${waitStatus})`,
      { cause: waitStatus },
    );
  }
  const name = getSystemErrorName(-startErrno);
  const remedy = START_REMEDIES[name] ?? THREAD_REMEDY;
  return new GpuProbeError(
    'ERR_GPUPROBE_WARDEN_START',
    `the helper process ${addon.wardenPath} could not be started: ${name}. ${remedy}`,
    { cause: startErrno },
  );
}
