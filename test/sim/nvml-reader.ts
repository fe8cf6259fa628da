/** gpuprobe's report in the lines that nvml_reader.c prints: NVML's units, and the code of what it refused. */
import type { Device, GpuProcess, Report } from '../../lib/probe/report.js';

const MILLI = 1000;
const PERCENT = 100;
const HERTZ_PER_MEGAHERTZ = 1e6;
const NOT_AVAILABLE = '18446744073709551615';
const COMPUTE_MODES = ['default', 'exclusive-thread', 'prohibited', 'exclusive-process'];
const RECOVERY_ACTIONS = ['none', 'gpu-reset', 'node-reboot', 'drain-p2p', 'drain-and-reset'];
const CODECS = ['h264', 'hevc', 'av1'];
const KINDS: GpuProcess['kind'][] = ['compute', 'graphics', 'mps-compute'];
const REASONS = [
  'gpu-idle',
  'applications-clocks-setting',
  'sw-power-cap',
  'hw-slowdown',
  'sync-boost',
  'sw-thermal-slowdown',
  'hw-thermal-slowdown',
  'hw-power-brake-slowdown',
  'display-clock-setting',
];

type Value = string | number | boolean | null | undefined;

/** `path=value`, or the code that the report has for `path` or for the group that it is in. */
function line(device: Device, path: string, value: Value, reportPath = path): string {
  if (value !== null && value !== undefined) {
    return `${device.index}.${path}=${typeof value === 'string' ? value : Number(value)}`;
  }
  for (let group = reportPath; group !== ''; group = group.slice(0, Math.max(0, group.lastIndexOf('.')))) {
    const reason = device.unavailable[group];
    if (reason !== undefined) return `${device.index}.${path}!${reason.code}`;
  }
  return `${device.index}.${path}: null without a reason`;
}

const times = (value: number | null, factor: number) => (value === null ? null : Math.round(value * factor));

function identity(device: Device): string[] {
  const { name, uuid, pciBusId, minor } = device;
  const [domain = 0, bus = 0, place = 0] = (pciBusId ?? '').split(/[:.]/).map((part) => parseInt(part, 16));
  return [
    line(device, 'name', name),
    line(device, 'uuid', uuid),
    line(device, 'pciBusId', pciBusId),
    line(device, 'pci.busIdLegacy', pciBusId?.slice(4)),
    line(device, 'pci.domain', domain),
    line(device, 'pci.bus', bus),
    line(device, 'pci.device', place),
    line(device, 'minor', minor),
  ];
}

function memory(device: Device): string[] {
  const { totalBytes, usedBytes, freeBytes, reservedBytes } = device.memory;
  return [
    line(device, 'memory.totalBytes', totalBytes),
    line(device, 'memory.reservedBytes', reservedBytes),
    line(device, 'memory.freeBytes', freeBytes),
    line(device, 'memory.usedBytes', usedBytes),
    // The first version of the struct counts what is reserved as used.
    line(device, 'memory.first.totalBytes', totalBytes),
    line(device, 'memory.first.freeBytes', freeBytes),
    line(device, 'memory.first.usedBytes', (usedBytes ?? 0) + (reservedBytes ?? 0)),
  ];
}

function load(device: Device): string[] {
  const { utilization, clocks, throttleReasons } = device;
  const bits = throttleReasons?.reduce((sum, reason) => sum + 2 ** REASONS.indexOf(reason), 0);
  return [
    ...(['gpu', 'memory', 'encoder', 'decoder'] as const).map((engine) =>
      line(device, `utilization.${engine}`, times(utilization[engine], PERCENT)),
    ),
    line(device, 'temperatureCelsius', device.temperatureCelsius),
    line(device, 'powerMilliwatts', times(device.powerWatts, MILLI), 'powerWatts'),
    line(device, 'powerLimitMilliwatts', times(device.powerLimitWatts, MILLI), 'powerLimitWatts'),
    line(device, 'clocks.smMegahertz', times(clocks.smHertz, 1 / HERTZ_PER_MEGAHERTZ), 'clocks.smHertz'),
    line(
      device,
      'clocks.memoryMegahertz',
      times(clocks.memoryHertz, 1 / HERTZ_PER_MEGAHERTZ),
      'clocks.memoryHertz',
    ),
    line(device, 'clockEventReasons', bits, 'throttleReasons'),
    line(device, 'energyMillijoules', times(device.energyJoules, MILLI), 'energyJoules'),
  ];
}

function modes(device: Device): string[] {
  return [
    line(device, 'computeMode', COMPUTE_MODES.indexOf(device.computeMode ?? '')),
    line(device, 'persistenceMode', device.persistenceMode),
    line(device, 'migMode', device.migMode),
    line(device, 'ecc.enabled', device.ecc?.enabled),
    line(device, 'ecc.pendingEnabled', device.ecc?.pendingEnabled),
  ];
}

function health(device: Device): string[] {
  const { ecc, remappedRows, retiredPages, recoveryAction, pcie } = device;
  const action = recoveryAction === null ? null : RECOVERY_ACTIONS.indexOf(recoveryAction);
  return [
    ...(['volatile', 'aggregate'] as const).flatMap((counter) =>
      (['corrected', 'uncorrected'] as const).map((type) =>
        line(device, `ecc.${counter}.${type}`, ecc?.[counter][type]),
      ),
    ),
    ...(['correctable', 'uncorrectable', 'pending', 'failure'] as const).map((field) =>
      line(device, `remappedRows.${field}`, remappedRows?.[field]),
    ),
    ...(['singleBit', 'doubleBit', 'pending'] as const).map((field) =>
      line(device, `retiredPages.${field}`, retiredPages?.[field]),
    ),
    line(device, 'recoveryAction', action),
    ...(['generation', 'maxGeneration', 'width', 'maxWidth', 'replayCount'] as const).map((field) =>
      line(device, `pcie.${field}`, pcie[field]),
    ),
  ];
}

function encoder(device: Device): string[] {
  const { sessionCount, averageFps, averageLatencyUs, sessions } = device.encoder;
  return [
    line(device, 'encoder.sessionCount', sessionCount),
    line(device, 'encoder.averageFps', averageFps),
    line(device, 'encoder.averageLatencyUs', averageLatencyUs),
    line(device, 'encoder.sessions', sessions?.length),
    ...(sessions ?? []).map((session, i) =>
      line(
        device,
        `encoder.sessions.${i}`,
        `id ${session.sessionId} pid ${session.pid} codec ${CODECS.indexOf(session.codec)} ` +
          `${session.width}x${session.height} ${session.averageFps} fps ${session.averageLatencyUs} us`,
      ),
    ),
  ];
}

function processes(device: Device): string[] {
  return KINDS.flatMap((kind) => {
    const listed = device.processes?.filter((process) => process.kind === kind);
    const words = ({ pid, usedBytes, name }: GpuProcess) =>
      `pid ${pid} ${usedBytes ?? NOT_AVAILABLE} bytes ${name}`;
    return [
      line(device, `processes.${kind}`, listed?.length, 'processes'),
      ...(listed ?? []).map((process, i) => line(device, `processes.${kind}.${i}`, words(process))),
    ];
  });
}

export function inNvmlsUnits({ driver, devices }: Report): string[] {
  return [
    `driver.version=${driver.version}`,
    `driver.nvmlVersion=${driver.nvmlVersion}`,
    `driver.cudaVersion=${driver.cudaVersion}`,
    `devices=${devices.length}`,
    ...devices.flatMap((device) =>
      [identity, memory, load, modes, health, encoder, processes].flatMap((part) => part(device)),
    ),
  ];
}
