/** The device of a scenario; format.ts explains the field declarations. */

import { MOST_SECONDS } from './moment.js';
import {
  about,
  byDefault,
  choice,
  type Fields,
  integer,
  kept,
  list,
  named,
  nullable,
  object,
  optional,
  type Rule,
  text,
} from './rule.js';

/** The largest 32-bit number: all ones mean null to the simulator and to NVML. */
export const MOST_UNSIGNED = 2 ** 32 - 2;

export const unsigned = integer(MOST_UNSIGNED);
const bytes = integer(Number.MAX_SAFE_INTEGER);
const flag = choice(false, true);
export const wide = <R extends Rule>(rule: R): R => ({ ...rule, wide: true });
/** A field in seconds, which the simulator keeps in milliseconds. */
export const seconds = (member: string, flat: string, value: 0 | null, doc: string) =>
  ({
    type: 'number',
    min: 0,
    max: MOST_SECONDS,
    optional: true,
    wide: true,
    scale: 1000,
    default: value,
    member,
    flat,
    doc,
  }) as const;
const counts = (member: string) =>
  object({
    corrected: kept(`${member}_corrected`, bytes),
    uncorrected: kept(`${member}_uncorrected`, bytes),
  });

/** The GPU's model: the fields of a preset. null: the model lacks it, and NVML answers NOT_SUPPORTED. */
const MODEL = {
  name: kept('name', text(95)),
  serial: kept(
    'serial',
    nullable(text(29)),
    '`null`, here and below: the model has no such thing, and NVML answers NOT_SUPPORTED',
  ),
  boardPartNumber: kept('board_part_number', nullable(text(79))),
  vbiosVersion: kept('vbios_version', nullable(text(31))),
  brand: kept('brand', unsigned, 'nvmlBrandType_t'),
  architecture: kept('architecture', unsigned, 'nvmlDeviceArchitecture_t'),
  pci: about(
    'device and subsystem, each with the vendor in the low half',
    object({ deviceId: kept('pci_device_id', unsigned), subsystemId: kept('pci_subsystem_id', unsigned) }),
  ),
  computeCapability: object({
    major: kept('compute_capability_major', integer(99)),
    minor: kept('compute_capability_minor', integer(99)),
  }),
  multiprocessors: kept('multiprocessors', integer(65_535)),
  contextBytes: kept('context_bytes', bytes, 'device memory that a CUDA context costs while it lives'),
} satisfies Fields;

const IDENTITY = {
  uuid: kept(
    'uuid',
    {
      ...text(40),
      pattern: /^GPU-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
      example: 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01',
    },
    'as `pciBusId` and `minor`: made from the position where it is not given',
  ),
  pciBusId: kept('pci_bus_id', {
    ...text(16),
    pattern: /^[0-9a-fA-F]{8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$/,
    example: '00000000:01:00.0',
  }),
  minor: kept('minor', integer(254)),
} satisfies Fields;

const clocks = (prefix: string) =>
  object({
    smMegahertz: kept(`${prefix}sm_megahertz`, unsigned),
    memoryMegahertz: kept(`${prefix}memory_megahertz`, unsigned),
    videoMegahertz: kept(`${prefix}video_megahertz`, unsigned),
  });

const READINGS = {
  memory: object({
    totalBytes: kept('total_bytes', bytes),
    usedBytes: kept(
      'used_bytes',
      bytes,
      'allocated, without `reservedBytes` (together at most `totalBytes`); live CUDA contexts, timed processes and what leaked come on top',
    ),
    reservedBytes: kept('reserved_bytes', bytes),
  }),
  bar1: object({ totalBytes: kept('bar1_total_bytes', bytes), usedBytes: kept('bar1_used_bytes', bytes) }),
  utilizationPercent: object({
    gpu: kept('gpu_percent', unsigned),
    memory: kept('memory_percent', unsigned),
    encoder: kept('encoder_percent', unsigned),
    decoder: kept('decoder_percent', unsigned),
  }),
  temperatureCelsius: kept('celsius', unsigned),
  memoryTemperatureCelsius: kept('memory_celsius', nullable(unsigned)),
  temperatureLimits: object({
    slowdownCelsius: kept('slowdown_celsius', nullable(unsigned)),
    shutdownCelsius: kept('shutdown_celsius', nullable(unsigned)),
    maxOperatingCelsius: kept('max_operating_celsius', nullable(unsigned)),
  }),
  fanPercent: kept('fan_percent', nullable(unsigned)),
  performanceState: kept('performance_state', integer(15), '0 is P0'),
  powerMilliwatts: kept('milliwatts', unsigned),
  powerLimitMilliwatts: kept('limit_milliwatts', unsigned),
  powerLimits: object({
    defaultMilliwatts: kept('default_limit_milliwatts', unsigned),
    minMilliwatts: kept('min_limit_milliwatts', unsigned),
    maxMilliwatts: kept('max_limit_milliwatts', unsigned),
  }),
  energyMillijoules: kept(
    'millijoules',
    nullable(bytes),
    'since the driver was loaded, when the scenario begins; grows with the power',
  ),
  clocks: clocks(''),
  maxClocks: clocks('max_'),
  clockEventReasons: kept('clock_event_reasons', bytes, 'nvmlClocksEventReasons bits'),
} satisfies Fields;

const MODES = {
  computeMode: kept(
    'compute_mode',
    integer(3),
    '0 default; 2 prohibited: no context; 3 exclusive: one context at a time',
  ),
  persistenceMode: kept('persistence_mode', integer(1)),
  migMode: kept(
    'mig_mode',
    nullable(integer(1)),
    'with 1 the GPU as a whole has no utilization and no encoder readings',
  ),
} satisfies Fields;

const HEALTH = {
  ecc: kept(
    'ecc_absent',
    nullable(
      object({
        enabled: kept('ecc_mode', flag),
        pending: kept('ecc_mode_pending', flag),
        volatile: counts('ecc_volatile'),
        aggregate: counts('ecc_aggregate'),
      }),
    ),
    '`pending`: the mode after the next reset. With ECC off the counts are NOT_SUPPORTED',
  ),
  remappedRows: kept(
    'remapped_rows_absent',
    nullable(
      object({
        correctable: kept('rows_correctable', unsigned),
        uncorrectable: kept('rows_uncorrectable', unsigned),
        pending: kept('rows_pending', flag),
        failure: kept('rows_failure', flag),
      }),
    ),
  ),
  retiredPages: kept(
    'retired_pages_absent',
    nullable(
      object({
        singleBit: kept('retired_single_bit', integer(64)),
        doubleBit: kept('retired_double_bit', integer(64)),
        pending: kept('retired_pending', flag),
      }),
    ),
  ),
  recoveryAction: kept(
    'recovery_action',
    nullable(integer(255)),
    'NVML_GPU_RECOVERY_ACTION_…; `null`: the driver does not know the question',
  ),
  pcie: object({
    generation: kept('pcie_generation', unsigned),
    maxGeneration: kept('pcie_max_generation', unsigned),
    width: kept('pcie_width', unsigned),
    maxWidth: kept('pcie_max_width', unsigned),
    replayCount: kept('pcie_replay_count', unsigned),
    txKilobytesPerSecond: kept('pcie_tx_kilobytes', unsigned),
    rxKilobytesPerSecond: kept('pcie_rx_kilobytes', unsigned),
  }),
  lost: kept(
    'lost',
    optional(named('Lost', false, true, 'when-warm')),
    '`true`: fallen off the bus. `"when-warm"`: falls off when the machine turns warm',
  ),
  asleep: kept(
    'asleep',
    optional(flag),
    '`true`: runtime power management has suspended it, as `/sys/bus/pci/devices/…/power/runtime_status` says. NVML goes on answering: that a call wakes a GPU is not simulated',
  ),
  xid: kept(
    'xid',
    optional(nullable(integer(65_535))),
    'the last Xid that the driver reported, or `null`. Each time that it becomes another number, every event set that waits for the device is told; to report the same once more, set it to `null` between',
  ),
} satisfies Fields;

export const SESSION = {
  sessionId: kept('session_id', unsigned),
  pid: kept('pid', unsigned),
  codec: kept('codec', unsigned, '0 H.264, 1 HEVC, 2 AV1'),
  width: kept('width', unsigned),
  height: kept('height', unsigned),
  averageFps: kept('average_fps', unsigned),
  averageLatencyUs: kept('average_latency_us', unsigned),
} satisfies Fields;

export const PROCESS = {
  pid: kept('pid', unsigned),
  kind: kept(
    'kind',
    byDefault('compute', named('ProcessKind', 'compute', 'graphics', 'mps-compute')),
    '`"compute"`: the default',
  ),
  usedBytes: kept('used_bytes', nullable(bytes), '`null`: NVML_VALUE_NOT_AVAILABLE'),
  name: kept('name', byDefault('app', text(1000)), '`"app"`: the default'),
  fromSecond: seconds(
    'from_ms',
    'fromMs',
    0,
    'makes it a timed process, as `toSecond` does: it is listed, and its memory allocated, from here on',
  ),
  toSecond: seconds('to_ms', 'toMs', null, 'when it ends'),
  everySeconds: seconds('every_ms', 'everyMs', null, 'it comes again each time that so long has passed'),
  leavesBytes: kept(
    'leaves_bytes',
    optional(bytes),
    'what it leaves allocated for good each time that it ends',
  ),
} satisfies Fields;

/** A complete device, as the simulated driver receives it. */
export const DEVICE = {
  ...MODEL,
  ...IDENTITY,
  ...READINGS,
  ...MODES,
  ...HEALTH,
  leakBytesPerContext: kept(
    'leak_bytes_per_context',
    optional(bytes),
    'what a CUDA context leaves allocated for good when it ends, however it ends',
  ),
  encoder: kept(
    'encoder_absent',
    nullable(
      object({
        averageFps: kept('encoder_average_fps', unsigned),
        averageLatencyUs: kept('encoder_average_latency_us', unsigned),
        sessions: list(256, object(SESSION)),
      }),
    ),
    'at most 256 `sessions`; one whose pid is a timed process comes and goes with it',
  ),
  processes: about(
    'at most 4096; live CUDA contexts are listed besides',
    byDefault([], list(4096, object(PROCESS))),
  ),
} satisfies Fields;
