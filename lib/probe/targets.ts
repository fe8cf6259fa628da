import type { CudaDeviceFacts } from '../native/frames.js';
import { deviceId } from './device-id.js';
import type { Device } from './report.js';

/** A GPU, and whether a context may be created on it. */
export interface ContextTarget {
  /** As the report names it. */
  id: string;
  /** Null where there is none to give to CUDA_VISIBLE_DEVICES; then `skip` says why. */
  uuid: string | null;
  /** Why no context is created on it; undefined: one is. */
  skip: { name: string; detail: string } | undefined;
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

/** A context costs 100 to 550 MiB for a moment, and where only one process may have one, the service needs it. */
function reasonToSkip(device: Device, reserveBytes: number): ContextTarget['skip'] {
  const { computeMode, migMode, uuid } = device;
  const { freeBytes } = device.memory;
  if (uuid === null) return { name: 'NO_UUID', detail: 'NVML could not name this GPU' };
  if (migMode === true) return { name: 'MIG_ENABLED', detail: 'MIG mode: contexts go to MIG devices' };
  if (computeMode !== null && computeMode !== 'default' && computeMode !== 'unknown') {
    return { name: 'COMPUTE_MODE', detail: `compute mode ${computeMode}` };
  }
  if (freeBytes === null || freeBytes >= reserveBytes) return undefined;
  const detail = `${mebibytes(freeBytes)} free, under the reserve of ${mebibytes(reserveBytes)}`;
  return { name: 'LOW_MEMORY', detail };
}

/**
 * The GPUs to create contexts on: NVML's, or CUDA's own where NVML can name none. `visibleOnly`:
 * CUDA_VISIBLE_DEVICES is set and CUDA was asked; what it does not list is not this process's to use.
 */
export function contextTargets(
  devices: readonly Device[],
  cudaDevices: readonly CudaDeviceFacts[],
  reserveBytes: number,
  visibleOnly: boolean,
): ContextTarget[] {
  const isHidden = (uuid: string | null) =>
    visibleOnly && !cudaDevices.some((device) => device.uuid === uuid);
  if (devices.some((device) => device.uuid !== null)) {
    return devices.map((device) => ({
      id: deviceId(device),
      uuid: device.uuid,
      skip:
        device.uuid !== null && isHidden(device.uuid)
          ? { name: 'NOT_VISIBLE', detail: 'CUDA_VISIBLE_DEVICES hides this GPU' }
          : reasonToSkip(device, reserveBytes),
    }));
  }
  return cudaDevices.map(({ uuid }) => ({ id: uuid, uuid, skip: undefined }));
}
