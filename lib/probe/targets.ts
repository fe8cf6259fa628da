import { mebibytes } from '../format.js';
import type { CudaDeviceFacts } from '../native/frames.js';
import type { Question } from '../native/source.js';
import { deviceId, normalisePciBusId } from './device-id.js';
import type { Device } from './report.js';

/** A GPU, and whether a context may be created on it. */
export interface ContextTarget {
  /** The report's name for the GPU. */
  id: string;
  /** How a canary finds the GPU; null if it has no usable name. */
  gpu: Required<Pick<Question, 'device' | 'pciBusId'>> | null;
  /** Why no context is created on it; undefined if one is, provided that there is a `gpu`. */
  skip: { name: string; detail: string } | undefined;
}

/** Why no context is created on a GPU that neither NVML nor CUDA can name. */
export const NOT_NAMED = { name: 'NO_UUID', detail: 'NVML could not name this GPU' };

/** A context takes 100 to 550 MiB for a moment. If only one process may have one, the service needs it. */
function reasonToSkip(device: Device, reserveBytes: number): ContextTarget['skip'] {
  const { computeMode, migMode } = device;
  const { freeBytes } = device.memory;
  if (migMode === true) return { name: 'MIG_ENABLED', detail: 'MIG mode: contexts go to MIG devices' };
  if (computeMode !== null && computeMode !== 'default' && computeMode !== 'unknown') {
    return { name: 'COMPUTE_MODE', detail: `compute mode ${computeMode}` };
  }
  if (freeBytes === null || freeBytes >= reserveBytes) return undefined;
  const detail = `${mebibytes(freeBytes)} free, under the reserve of ${mebibytes(reserveBytes)}`;
  return { name: 'LOW_MEMORY', detail };
}

type Listed = readonly CudaDeviceFacts[];

const hasUuidOfItsOwn = ({ uuid }: CudaDeviceFacts, listed: Listed) =>
  uuid !== '' && listed.filter((other) => other.uuid === uuid).length === 1;

/** Returns CUDA's entry for one of NVML's GPUs: by UUID, else by PCI address. */
function findListed(device: Device, listed: Listed): CudaDeviceFacts | undefined {
  const address = device.pciBusId === null ? null : normalisePciBusId(device.pciBusId);
  return (
    listed.find((entry) => entry.uuid === device.uuid && hasUuidOfItsOwn(entry, listed)) ??
    listed.find(({ pciBusId }) => pciBusId !== '' && normalisePciBusId(pciBusId) === address)
  );
}

/** Returns CUDA's own name for the GPU; null if it has none. */
function ownName(entry: CudaDeviceFacts, listed: Listed): ContextTarget['gpu'] {
  const { pciBusId } = entry;
  const device = hasUuidOfItsOwn(entry, listed) ? entry.uuid : pciBusId;
  return device === '' ? null : { device, pciBusId };
}

/**
 * Returns the GPUs to create contexts on: NVML's, and CUDA's own if NVML cannot name all. `visibleOnly`:
 * CUDA_VISIBLE_DEVICES is set and CUDA was asked; this process may not use GPUs that CUDA does not list.
 */
export function contextTargets(
  devices: readonly Device[],
  listed: Listed,
  reserveBytes: number,
  visibleOnly: boolean,
): ContextTarget[] {
  const claimed = new Set<CudaDeviceFacts>();
  const targets = devices.map((device): ContextTarget => {
    const { uuid, pciBusId } = device;
    const entry = findListed(device, listed);
    if (entry !== undefined) claimed.add(entry);
    const byCuda = entry === undefined ? null : ownName(entry, listed);
    // mutation: context-without-handle
    const gpu = uuid === null ? byCuda : { device: uuid, pciBusId: pciBusId ?? entry?.pciBusId ?? '' };
    const isHidden = gpu !== null && visibleOnly && entry === undefined;
    const skip = isHidden
      ? { name: 'NOT_VISIBLE', detail: 'CUDA_VISIBLE_DEVICES hides this GPU' }
      : reasonToSkip(device, reserveBytes);
    return { id: deviceId(device), gpu, skip: gpu === null ? NOT_NAMED : skip };
  });
  const nameless = targets.filter(({ gpu }) => gpu === null).length;
  // If NVML names all GPUs, any other CUDA entry is a part of one of them: a MIG device.
  if (nameless === 0 && devices.length > 0) return targets;
  const others = listed
    .filter((entry) => !claimed.has(entry))
    .map((entry) => ownName(entry, listed))
    .filter((gpu) => gpu !== null)
    .map((gpu): ContextTarget => ({ id: gpu.device, gpu, skip: undefined }));
  // CUDA's names replace the unnamed GPUs if there is one for each, or if no GPU has a name.
  const areCovered = others.length >= nameless || nameless === targets.length;
  return [...(areCovered ? targets.filter(({ gpu }) => gpu !== null) : targets), ...others];
}
