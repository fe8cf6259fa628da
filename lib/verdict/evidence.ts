import { gibibytes, seconds } from '../format.js';
import { deviceId } from '../probe/device-id.js';
import type { Check, Device, DeviceNode, DriverLibrary } from '../probe/report.js';

/** Observed lines: codes and names of what was seen, without inferences. */

/** Returns for example `nvml.init (fresh): 999 NVML_ERROR_UNKNOWN (nvmlInitWithFlags)`. */
export function quote(check: Check): string {
  const asked = check.device === null ? check.via : `${check.via}, ${check.device}`;
  const detail = check.detail === null ? '' : ` (${check.detail})`;
  return `${check.id} (${asked}): ${answer(check)}${detail}`;
}

/** Like {@link quote}, without the detail, if other lines have it already. */
export function quoteBriefly(check: Check): string {
  return quote({ ...check, detail: null });
}

/** Returns for example `/dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)`. */
export function quoteNode(node: DeviceNode): string {
  if (node.code === null) return `${node.path}: may be opened`;
  if (node.name === 'ENODEV') return `${node.path}: ${quoteWrong(node)}`;
  const call = node.name === 'ENOENT' ? 'stat()' : 'access(R_OK|W_OK)';
  return `${node.path}: ${node.name ?? 'errno'} (${node.code}) on ${call}`;
}

/** Returns for example `is character device 510:0, and the kernel's nvidia-uvm is 509:0 (/proc/devices)`. */
function quoteWrong({ path, device, expected }: DeviceNode): string {
  if (device === undefined || expected === undefined) {
    return "not NVIDIA's device, by its type or numbers in stat()";
  }
  const kernels = `the kernel's ${path.slice('/dev/'.length)} is ${expected.major}:${expected.minor}`;
  return `is character device ${device.major}:${device.minor}, and ${kernels} (/proc/devices)`;
}

/** Returns for example `/dev/nvidiactl: mode 0660, owner 0, group 44`; empty if permissions do not matter. */
export function quotePermissions({ path, permissions }: DeviceNode): string[] {
  if (permissions === undefined) return [];
  const { uid, gid, mode } = permissions;
  return [`${path}: mode 0${mode.toString(8).padStart(3, '0')}, owner ${uid}, group ${gid}`];
}

/** Returns for example `libcuda.so.1: /usr/local/cuda/compat/libcuda.so.570.86.10 (version 570.86.10)`. */
export function quoteLibrary({ soname, path, version, error }: DriverLibrary): string {
  const file = path ?? 'not loaded';
  const about = [version === null ? '' : `version ${version}`, error ?? ''].filter(Boolean).join('; ');
  return `${soname}: ${file}${about === '' ? '' : ` (${about})`}`;
}

/** Returns one line for all fields of a device that one status made unavailable; empty if there are none. */
export function quoteUnavailable(device: Device, reason: { code: number } | { name: string }): string[] {
  const lost = Object.entries(device.unavailable).filter(([, why]) =>
    'code' in reason ? why.code === reason.code : why.name === reason.name,
  );
  const [first] = lost;
  if (!first) return [];
  const [path, why] = first;
  const status = why.code === null ? why.name : `${why.code} ${why.name}`;
  const others = lost.length > 1 ? ` and ${lost.length - 1} more readings` : '';
  return [`${deviceId(device)}: ${status} for ${path}${others}`];
}

/** Returns for example `memory of GPU 0: 6.6 of 16.0 GiB used, 9.4 GiB free`; empty if NVML did not say. */
export function quoteMemory(device: Device | undefined): string[] {
  const { totalBytes, usedBytes, freeBytes } = device?.memory ?? {};
  if (device === undefined || totalBytes == null || usedBytes == null || freeBytes == null) return [];
  const used = `${gibibytes(usedBytes)} of ${gibibytes(totalBytes)} GiB used`;
  return [`memory of GPU ${device.index}: ${used}, ${gibibytes(freeBytes)} GiB free`];
}

/** Returns for example `999 NVML_ERROR_UNKNOWN`; only the code or the name if the other is missing. */
export function status(check: Check): string {
  return [check.code, check.name].filter((part) => part !== null).join(' ');
}

/** Returns how a process ended: by a signal, or with an exit status. */
export function ending(check: Check): string {
  return check.name === 'EXITED' ? `exit status ${check.code}` : status(check);
}

/** Returns a sentence in the form for the middle of another one. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Returns for example `1 row`, `2 rows`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Returns `a`, `a and b`, or `a, b and c`. */
export function joinAnd(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

function answer(check: Check): string {
  switch (check.outcome) {
    case 'ok':
      return 'ok';
    case 'failed':
      return status(check) || 'failed';
    case 'timeout':
      return `no answer after ${seconds(check.durationMs)}`;
    case 'crashed':
      return `the process that asked ended with ${ending(check)}`;
    case 'skipped':
    case 'unsupported':
    case 'not-probed':
      return check.name === null ? check.outcome : `${check.outcome}, ${check.name}`;
  }
}
