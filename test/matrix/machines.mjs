// The machines that the cells run on. Two GPUs that have everything gpuprobe asks about, which no real one has, so
// that no function is left out; and the same under a driver without the functions that have an elder to fall back on.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A function, and which one is asked where the driver does not export it. */
export const ELDER = {
  nvmlInitWithFlags: 'nvmlInit_v2',
  nvmlDeviceGetPciInfo_v3: 'nvmlDeviceGetPciInfo_v2',
  nvmlDeviceGetMemoryInfo_v2: 'nvmlDeviceGetMemoryInfo',
  nvmlDeviceGetCurrentClocksEventReasons: 'nvmlDeviceGetCurrentClocksThrottleReasons',
  nvmlDeviceGetComputeRunningProcesses_v2: 'nvmlDeviceGetComputeRunningProcesses_v3',
  nvmlDeviceGetGraphicsRunningProcesses_v2: 'nvmlDeviceGetGraphicsRunningProcesses_v3',
  nvmlDeviceGetMPSComputeRunningProcesses_v2: 'nvmlDeviceGetMPSComputeRunningProcesses_v3',
  cuDeviceGetUuid_v2: 'cuDeviceGetUuid',
};

/** GPUs of one name and one kind would hide that one is taken for the other. */
const GPUS = [
  { uuid: 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01', pciBusId: '00000000:01:00.0', preset: 'l4' },
  { uuid: 'GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02', pciBusId: '00000000:41:00.0', preset: 'a100-40gb' },
];
export const UUIDS = GPUS.map(({ uuid }) => uuid);
export const BUS_IDS = GPUS.map(({ pciBusId }) => pciBusId);

const process = (pid, kind) => ({ pid, kind, usedBytes: 2 ** 28, name: `/usr/bin/work-${pid}` });

/** What NVML lists on each GPU, in its order: the kinds one after the other. */
export const PROCESSES = [
  [process(4001, 'compute'), process(4002, 'graphics')],
  [process(4003, 'compute'), process(4004, 'mps-compute')],
];

const ENCODER = {
  averageFps: 60,
  averageLatencyUs: 2100,
  sessions: [
    { sessionId: 1, pid: 4002, codec: 1, width: 1920, height: 1080, averageFps: 60, averageLatencyUs: 2100 },
  ],
};

const scenario = (description, missing) => ({
  description,
  driver: { version: '570.86.15', nvmlVersion: '12.570.86.15', cudaVersion: 12080 },
  devices: GPUS.map((gpu, index) => ({
    ...gpu,
    migMode: 0,
    memory: { usedBytes: 2 ** 30 },
    retiredPages: { singleBit: index + 1, doubleBit: 0, pending: false },
    recoveryAction: 0,
    encoder: ENCODER,
    processes: PROCESSES[index],
  })),
  faults: missing.map((name) => ({ function: name, missing: true })),
});

/** Writes the scenario of a machine that lacks these functions; its path. */
export function writeScenario(folder, name, missing) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(scenario(`A machine of the fault matrix: ${name}.`, missing)));
  return path;
}

export const MISSING = { modern: [], elder: Object.keys(ELDER) };
