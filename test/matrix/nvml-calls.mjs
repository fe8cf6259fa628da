// The calls of NVML that a probe makes, in their order, and what hangs on each.
import { ELDER, PROCESSES, UUIDS } from './machines.mjs';

const NOT_SUPPORTED = 3;
const FUNCTION_NOT_FOUND = 13;
const KINDS = {
  compute: 'nvmlDeviceGetComputeRunningProcesses_v2',
  graphics: 'nvmlDeviceGetGraphicsRunningProcesses_v2',
  'mps-compute': 'nvmlDeviceGetMPSComputeRunningProcesses_v2',
};

/** Who NVML is, asked once by the process that stays. */
const SYSTEM = [
  ['nvmlSystemGetDriverVersion', 'version'],
  ['nvmlSystemGetNVMLVersion', 'nvmlVersion'],
  ['nvmlSystemGetCudaDriverVersion_v2', 'cudaVersion'],
];

const ECC_COUNTS = [
  'volatile.corrected',
  'volatile.uncorrected',
  'aggregate.corrected',
  'aggregate.uncorrected',
];

/** Functions that give readings, in order, with the paths that each call gives. `orElse`: what a code makes of it. */
const READINGS = [
  ['nvmlDeviceGetUtilizationRates', ['utilization.gpu', 'utilization.memory']],
  ['nvmlDeviceGetEncoderUtilization', ['utilization.encoder']],
  ['nvmlDeviceGetDecoderUtilization', ['utilization.decoder']],
  ['nvmlDeviceGetTemperature', ['temperatureCelsius']],
  ['nvmlDeviceGetPowerUsage', ['powerWatts']],
  ['nvmlDeviceGetEnforcedPowerLimit', ['powerLimitWatts']],
  ['nvmlDeviceGetClockInfo', ['clocks.smHertz']],
  ['nvmlDeviceGetClockInfo', ['clocks.memoryHertz']],
  ['throttle'],
  ['nvmlDeviceGetComputeMode', ['computeMode']],
  ['nvmlDeviceGetPersistenceMode', ['persistenceMode']],
  ['nvmlDeviceGetMigMode', ['migMode']],
  ['nvmlDeviceGetEncoderStats', ['encoder.sessionCount', 'encoder.averageFps', 'encoder.averageLatencyUs']],
  ['ecc'],
  [
    'nvmlDeviceGetRemappedRows',
    ['correctable', 'uncorrectable', 'pending', 'failure'].map((leaf) => `remappedRows.${leaf}`),
  ],
  ['retired'],
  ['nvmlDeviceGetFieldValues', ['recoveryAction']],
  ['nvmlDeviceGetCurrPcieLinkGeneration', ['pcie.generation']],
  ['nvmlDeviceGetMaxPcieLinkGeneration', ['pcie.maxGeneration']],
  ['nvmlDeviceGetCurrPcieLinkWidth', ['pcie.width']],
  ['nvmlDeviceGetMaxPcieLinkWidth', ['pcie.maxWidth']],
  ['nvmlDeviceGetPcieReplayCounter', ['pcie.replayCount']],
  ['nvmlDeviceGetTotalEnergyConsumption', ['energyJoules']],
  ['nvmlDeviceGetEncoderSessions', ['encoder.sessions']],
];

/** An optional reading. Its code, where it failed. */
function reading(run, process, name, device, paths) {
  const code = run.call(process, name, device);
  if (code === 'lie') run.isLie(device, paths);
  else if (code !== 0) run.isNull(device, paths, code);
  return code;
}

/** Before 510 what the driver reserves counts as used. */
function memory(run, process, device) {
  const all = ['totalBytes', 'usedBytes', 'freeBytes', 'reservedBytes'].map((leaf) => `memory.${leaf}`);
  const code = run.call(process, 'nvmlDeviceGetMemoryInfo_v2', device);
  if (code === 'lie') run.isLie(device, all);
  if (code === 0 || code === 'lie') return;
  run.isNull(device, ['memory.reservedBytes'], code);
  run.loose[device].add('memory.usedBytes');
  reading(run, process, 'nvmlDeviceGetMemoryInfo', device, all.slice(0, 3));
}

function throttle(run, process, device) {
  const code = run.call(process, 'nvmlDeviceGetCurrentClocksEventReasons', device);
  if (code === FUNCTION_NOT_FOUND) {
    reading(run, process, 'nvmlDeviceGetCurrentClocksThrottleReasons', device, ['throttleReasons']);
  } else if (code === 'lie') run.isLie(device, ['throttleReasons']);
  else if (code !== 0) run.isNull(device, ['throttleReasons'], code);
}

/** A GPU that has no ECC, or no pages to retire, is not asked for their counts. */
function ecc(run, process, device) {
  const counts = ECC_COUNTS.map((leaf) => `ecc.${leaf}`);
  const code = reading(run, process, 'nvmlDeviceGetEccMode', device, ['ecc.enabled', 'ecc.pendingEnabled']);
  if (code === NOT_SUPPORTED) run.isNull(device, counts, code);
  else for (const path of counts) reading(run, process, 'nvmlDeviceGetTotalEccErrors', device, [path]);
}

/** Only the length of the list is asked for, so a wrong one may be small enough to be believed. */
function count(run, process, device, path) {
  const code = run.call(process, 'nvmlDeviceGetRetiredPages', device);
  if (code === 'lie') run.loose[device].add(path);
  else if (code !== 0) run.isNull(device, [path], code);
  return code;
}

function retired(run, process, device) {
  const code = count(run, process, device, 'retiredPages.singleBit');
  if (code === NOT_SUPPORTED) {
    run.isNull(device, ['retiredPages.doubleBit', 'retiredPages.pending'], code);
    return;
  }
  count(run, process, device, 'retiredPages.doubleBit');
  reading(run, process, 'nvmlDeviceGetRetiredPagesPendingStatus', device, ['retiredPages.pending']);
}

/** A list that failed leaves all of them unknown; one that the GPU does not have is empty, but for compute. */
function processes(run, process, device) {
  let listed = 0;
  let unknown = null;
  const nameless = new Map();
  for (const [kind, newest] of Object.entries(KINDS)) {
    const code = run.call(process, run.lacks(newest) ? ELDER[newest] : newest, device);
    const isAbsent = kind !== 'compute' && (code === NOT_SUPPORTED || code === FUNCTION_NOT_FOUND);
    if (code === 'lie') run.isLie(device, ['processes']);
    else if (code !== 0 && !isAbsent) unknown ??= code;
    if (isAbsent) run.loose[device].add('processes');
    if (code !== 0) continue;
    for (const { pid } of PROCESSES[device].filter((item) => item.kind === kind)) {
      const name = run.call(process, 'nvmlSystemGetProcessName');
      if (name !== 0) nameless.set(`processes.${listed}.name`, { pid, name });
      ++listed;
    }
  }
  if (unknown !== null) run.isNull(device, ['processes'], unknown);
  for (const [path, { name }] of nameless) {
    if (name === 'lie') run.isLie(device, [path]);
    else run.isNull(device, [path], name);
  }
}

/** Asked once, until it is known. */
function identity(run, process, device) {
  const known = run.named[device];
  if (known.uuid) return;
  reading(run, process, 'nvmlDeviceGetName', device, ['name']);
  const uuid = reading(run, process, 'nvmlDeviceGetUUID', device, ['uuid']);
  if (uuid === 'lie' && run.output === 'garbage') run.liedAbout.add('nvml');
  known.uuid = uuid === 0;
  const newest = 'nvmlDeviceGetPciInfo_v3';
  const busId = reading(run, process, run.lacks(newest) ? ELDER[newest] : newest, device, ['pciBusId']);
  known.busId = busId === 0;
  reading(run, process, 'nvmlDeviceGetMinorNumber', device, ['minor']);
}

const GROUPS = { throttle, ecc, retired };

function readDevice(run, process, device) {
  identity(run, process, device);
  memory(run, process, device);
  for (const [name, paths] of READINGS) {
    if (paths === undefined) GROUPS[name](run, process, device);
    else reading(run, process, name, device, paths);
  }
  processes(run, process, device);
}

function attach(run, process, device) {
  const code = run.call(process, 'nvmlDeviceGetHandleByIndex_v2', device);
  if (code === 'lie') run.liedAbout.add('nvml');
  return code;
}

/** Opens NVML as far as it goes; false: it failed, and that is said. */
function open(run, process, handles) {
  const { via } = process;
  if (!run.load(process)) return false;
  process.check = 'nvml.init';
  const name = run.lacks('nvmlInitWithFlags') ? 'nvmlInit_v2' : 'nvmlInitWithFlags';
  const init = run.call(process, name);
  if (init !== 0) {
    run.failedRow('nvml.init', via, null, { library: 'nvml', code: init, name });
    return false;
  }
  run.row('nvml.init', via, null, 'ok');
  process.check = 'nvml.devices';
  const count = run.call(process, 'nvmlDeviceGetCount_v2');
  if (count === 'lie') run.liedAbout.add('nvml');
  if (count !== 0) {
    // `attach` below is as the lie has it: nobody knows.
    if (count === 'lie') return true;
    run.failedRow('nvml.devices', via, null, { library: 'nvml', code: count, name: 'nvmlDeviceGetCount_v2' });
    process.hasNoDevices = true;
    return true;
  }
  for (const device of UUIDS.keys()) handles[device] = attach(run, process, device);
  run.row('nvml.devices', via, null, 'ok');
  return true;
}

/** Telemetry: readings, and a row for each device that gave none. */
export function askTelemetry(run, via) {
  const process = { library: 'nvml', via, device: null, tellsLoading: true, check: 'nvml.load' };
  const answered = run.during(process, () => {
    if (run.nvmlOpen)
      for (const id of ['nvml.load', 'nvml.init', 'nvml.devices']) run.row(id, via, null, 'ok');
    else if (!open(run, process, run.handles)) return false;
    process.check = 'nvml.telemetry';
    if (!process.hasNoDevices) {
      for (const device of UUIDS.keys()) {
        if (run.handles[device] !== 0) run.handles[device] = attach(run, process, device);
      }
    }
    if (!run.nvmlOpen) askSystem(run, process);
    for (const device of process.hasNoDevices ? [] : UUIDS.keys()) {
      if (run.handles[device] === 0) readDevice(run, process, device);
    }
    return true;
  });
  if (answered) tellTelemetry(run, process);
}

function askSystem(run, process) {
  for (const [name, field] of SYSTEM) {
    const code = run.call(process, name);
    if (code === 'lie' && run.output === 'garbage') run.driverLoose = field;
    else if (code !== 0) run.driverNulls.add(field);
  }
}

function tellTelemetry(run, process) {
  run.knowsDriver = true;
  run.listsDevices = !process.hasNoDevices;
  const lost = process.hasNoDevices ? [] : [...UUIDS.keys()].filter((device) => run.handles[device] !== 0);
  const name = 'nvmlDeviceGetHandleByIndex_v2';
  for (const device of lost) {
    const failure = { library: 'nvml', code: run.handles[device], name };
    run.nulls[device] = new Map([['*', run.handles[device]]]);
    run.failedRow('nvml.telemetry', process.via, run.nameOf(device), failure);
  }
  if (lost.length < UUIDS.length) run.row('nvml.telemetry', process.via, null, 'ok');
  else run.failedRow('nvml.telemetry', process.via, null, { library: 'nvml', code: run.handles[0], name });
}

/** What a fresh process meets. */
export function askFreshNvml(run) {
  if (run.isBesideStuck('nvml')) {
    run.row('nvml.init', 'fresh', null, 'not-probed', null, 'BESIDE_TIMEOUT');
    return;
  }
  run.row('nodes', 'fresh', null, 'ok');
  const process = { library: 'nvml', via: 'fresh', device: null, tellsLoading: true, check: 'nvml.load' };
  const handles = [];
  run.during(process, () => {
    if (!open(run, process, handles)) return false;
    for (const device of UUIDS.keys()) {
      if ((handles[device] ?? 0) === 0) continue;
      const name = run.listsDevices ? run.nameOf(device) : `index:${device}`;
      const failure = { library: 'nvml', code: handles[device], name: 'nvmlDeviceGetHandleByIndex_v2' };
      run.failedRow('nvml.devices', 'fresh', name, failure);
    }
    return true;
  });
}
