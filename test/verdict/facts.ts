import type { Check, CheckId, Device, DeviceNode, Ecc, Facts, Host, Via } from '../../lib/probe/report.js';

/** Facts made by hand: a healthy machine, and what differs from it. */

const GIB = 2 ** 30;

export const GPU0 = 'GPU-1a2b3c4d-0000-4000-8000-000000000000';
export const GPU1 = 'GPU-5e6f7a8b-0000-4000-8000-000000000001';

type Answer = Partial<Omit<Check, 'id' | 'via'>>;

/** A check; `ok` unless told otherwise. */
export function check(id: CheckId, via: Via, answer: Answer = {}): Check {
  return {
    id,
    device: null,
    via,
    outcome: 'ok',
    code: null,
    name: null,
    detail: null,
    durationMs: 1,
    ...answer,
  };
}

/** A failed check. */
export function failed(
  id: CheckId,
  via: Via,
  code: number | null,
  name: string | null,
  rest: Answer = {},
): Check {
  return check(id, via, { outcome: 'failed', code, name, ...rest });
}

export function node(path: string, code: number | null = null, name: string | null = null): DeviceNode {
  return { path, code, name };
}

const AT = '2025-11-05T12:35:00.000Z';

const NODES = ['/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia0'];

/** The nodes of a machine with one GPU, all of them with this errno. */
export function nodes(code: number | null = null, name: string | null = null): DeviceNode[] {
  return NODES.map((path) => node(path, code, name));
}

export function host(different: Partial<Host> = {}): Host {
  return {
    hostname: 'gpu-7',
    container: true,
    containerRuntime: 'docker',
    kubernetes: false,
    userNamespace: false,
    user: { uid: 1000, gid: 1000, groups: [] },
    environment: {},
    openFiles: { open: 40, limit: 1_048_576, systemOpen: 3000, systemLimit: 9e18 },
    deviceRules: null,
    kernelDriverVersion: '535.261.03',
    kernelModule: true,
    wsl: false,
    kernelGpus: ['0000:01:00.0'],
    deviceNodes: nodes(),
    ...different,
  };
}

/** ECC that is on; no error unless told otherwise. */
export function ecc(different: Partial<Ecc> = {}): Ecc {
  const none = { corrected: 0, uncorrected: 0 };
  return { enabled: true, pendingEnabled: true, volatile: none, aggregate: none, ...different };
}

/** A GPU at work, which has ECC and remaps rows, and with which nothing is wrong. */
export function device(different: Partial<Device> = {}): Device {
  const unsupported = { code: 3, name: 'NVML_ERROR_NOT_SUPPORTED' };
  return {
    index: 0,
    uuid: GPU0,
    name: 'NVIDIA RTX 2000 Ada Generation',
    pciBusId: '00000000:01:00.0',
    minor: 0,
    memory: { totalBytes: 16 * GIB, usedBytes: 6.5 * GIB, freeBytes: 9.25 * GIB, reservedBytes: GIB / 4 },
    utilization: { gpu: 0.41, memory: 0.2, encoder: 0.12, decoder: 0 },
    temperatureCelsius: 48,
    powerWatts: 31.4,
    powerLimitWatts: 70,
    clocks: { smHertz: 1.6e9, memoryHertz: 8e9 },
    throttleReasons: [],
    computeMode: 'default',
    persistenceMode: true,
    migMode: false,
    encoder: { sessionCount: 2, averageFps: 60, averageLatencyUs: 900, sessions: [] },
    processes: [],
    ecc: ecc(),
    remappedRows: { correctable: 0, uncorrectable: 0, pending: false, failure: false },
    retiredPages: null,
    recoveryAction: 'none',
    pcie: { generation: 4, maxGeneration: 4, width: 16, maxWidth: 16, replayCount: 0 },
    energyJoules: 86_400,
    unavailable: { retiredPages: unsupported },
    ...different,
  };
}

/** A GPU that runs nothing. */
export function idleDevice(): Device {
  return device({
    memory: { totalBytes: 16 * GIB, usedBytes: 0, freeBytes: 15.75 * GIB, reservedBytes: GIB / 4 },
    utilization: { gpu: 0, memory: 0, encoder: 0, decoder: 0 },
    encoder: { sessionCount: 0, averageFps: 0, averageLatencyUs: 0, sessions: [] },
  });
}

/** A GPU of which nothing could be read, and why. */
export function silentDevice(
  reason: { code: number | null; name: string },
  different: Partial<Device> = {},
): Device {
  const paths = ['memory.totalBytes', 'memory.usedBytes', 'memory.freeBytes', 'memory.reservedBytes'];
  paths.push('utilization.gpu', 'utilization.memory', 'utilization.encoder', 'utilization.decoder');
  paths.push('temperatureCelsius', 'powerWatts', 'powerLimitWatts', 'clocks.smHertz', 'clocks.memoryHertz');
  paths.push('encoder.sessionCount', 'encoder.averageFps', 'encoder.averageLatencyUs', 'encoder.sessions');
  paths.push('ecc', 'remappedRows', 'retiredPages', 'recoveryAction', 'energyJoules', 'pcie.generation');
  paths.push('pcie.maxGeneration', 'pcie.width', 'pcie.maxWidth', 'pcie.replayCount');
  return device({
    memory: { totalBytes: null, usedBytes: null, freeBytes: null, reservedBytes: null },
    utilization: { gpu: null, memory: null, encoder: null, decoder: null },
    temperatureCelsius: null,
    powerWatts: null,
    powerLimitWatts: null,
    clocks: { smHertz: null, memoryHertz: null },
    encoder: { sessionCount: null, averageFps: null, averageLatencyUs: null, sessions: null },
    ecc: null,
    remappedRows: null,
    retiredPages: null,
    recoveryAction: null,
    pcie: { generation: null, maxGeneration: null, width: null, maxWidth: null, replayCount: null },
    energyJoules: null,
    unavailable: Object.fromEntries(paths.map((path) => [path, reason])),
    ...different,
  });
}

const HEALTHY: readonly Check[] = [
  check('nodes', 'layer0'),
  check('nodes', 'fresh'),
  check('nvml.load', 'telemetry'),
  check('nvml.init', 'telemetry'),
  check('nvml.devices', 'telemetry'),
  check('nvml.telemetry', 'telemetry'),
  check('nvml.load', 'fresh'),
  check('nvml.init', 'fresh'),
  check('nvml.devices', 'fresh'),
  check('cuda.load', 'fresh'),
  check('cuda.init', 'fresh'),
  check('cuda.context', 'warm', { device: GPU0 }),
  check('cuda.context', 'fresh', { device: GPU0 }),
];

/**
 * A healthy machine; the checks given take the place of those with the same id, via and device. Where nodes are bad the
 * canaries are left out, unless they are given: ones that succeed all the same would say that the nodes do not matter.
 */
export function facts(different: Partial<Omit<Facts, 'checks'>> = {}, checks: readonly Check[] = []): Facts {
  const same = (a: Check, b: Check) => a.id === b.id && a.via === b.via && a.device === b.device;
  const badNodes =
    different.host?.deviceNodes.some(({ code }) => code !== null) ||
    checks.some(({ id, outcome }) => id === 'nodes' && outcome === 'failed');
  const isCanary = ({ id, via }: Check) => id.startsWith('cuda.') || (id === 'nodes' && via === 'fresh');
  const kept = HEALTHY.filter(
    (healthy) => !checks.some((other) => same(healthy, other)) && !(badNodes && isCanary(healthy)),
  );
  return { ...factsOf([...kept, ...checks]), ...different };
}

/** A machine of which only these checks were asked. */
export function factsOf(checks: readonly Check[], different: Partial<Omit<Facts, 'checks'>> = {}): Facts {
  return {
    schemaVersion: 1,
    simulated: false,
    takenAt: AT,
    parts: { nodes: AT, telemetry: AT, lists: AT, canary: AT },
    durationMs: 412,
    host: host(),
    driver: { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: '12.2', libraries: null },
    checks: [...checks],
    devices: [device()],
    xids: null,
    ...different,
  };
}

/** A machine without a driver: nothing is loaded, so nothing is asked. */
export function noDriver(): Facts {
  const skipped = { outcome: 'skipped', name: 'NO_DRIVER' } as const;
  return factsOf(
    [
      failed('nodes', 'layer0', 2, 'ENOENT'),
      check('nvml.load', 'telemetry', skipped),
      check('nvml.init', 'telemetry', skipped),
      check('cuda.load', 'fresh', skipped),
      check('cuda.init', 'fresh', skipped),
    ],
    {
      host: host({
        container: false,
        kernelDriverVersion: null,
        kernelModule: false,
        kernelGpus: [],
        deviceNodes: [node('/dev/nvidiactl', 2, 'ENOENT')],
      }),
      driver: { version: null, nvmlVersion: null, cudaVersion: null, libraries: null },
      devices: [],
    },
  );
}

/** The container failure, seen whole: layer 0, a new process, and a running server's next session. */
export function accessRevoked(): Facts {
  return facts({ host: host({ deviceNodes: nodes(1, 'EPERM') }) }, [
    failed('nodes', 'fresh', 1, 'EPERM'),
    failed('nvml.init', 'fresh', 999, 'NVML_ERROR_UNKNOWN', { detail: 'nvmlInitWithFlags' }),
    check('nvml.devices', 'fresh', { outcome: 'skipped', name: 'NOT_INITIALIZED' }),
    failed('cuda.init', 'fresh', 100, 'CUDA_ERROR_NO_DEVICE', { detail: 'cuInit' }),
    failed('cuda.context', 'warm', 800, 'CUDA_ERROR_NOT_PERMITTED', {
      device: GPU0,
      detail: 'cuCtxCreate_v2',
    }),
    check('cuda.context', 'fresh', { device: GPU0, outcome: 'skipped', name: 'NOT_INITIALIZED' }),
  ]);
}
