import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { CHECK_IDS } from '../../lib/native/catalog.gen.js';
import type { DeviceFacts } from '../../lib/native/snapshot.js';
import { toDevice } from '../../lib/probe/device.js';
import { deviceId } from '../../lib/probe/device-id.js';
import type {
  Check,
  CheckId,
  Device,
  DeviceNode,
  Facts,
  Host,
  Outcome,
  Via,
  XidEvent,
} from '../../lib/probe/report.js';
import { historyEntryOf } from '../../lib/verdict/history.js';
import type { JudgeContext } from '../../lib/verdict/view.js';
import { packageRoot } from '../support/cli.js';
import { facts, host, noDriver } from './facts.js';

/** Facts as no machine has them: every outcome beside every other, and drivers that answer whatever they like. */

/** The report's paths of a device's numbers, as the native side lists them. */
export const FIELDS: readonly string[] = [
  ...readFileSync(join(packageRoot, 'native/catalog/telemetry_fields.def'), 'utf8').matchAll(
    /TELEMETRY_FIELD\(\w+, "(.+)"\)/g,
  ),
].map(([, path = '']) => path);

export const NAMES = {
  nvml: { 3: 'NVML_ERROR_NOT_SUPPORTED', 15: 'NVML_ERROR_GPU_IS_LOST', 999: 'NVML_ERROR_UNKNOWN' },
  cuda: {},
  probe: {},
  unavailable: { [-1]: 'NOT_READ_YET', [-2]: 'NOT_AVAILABLE', [-3]: 'MALFORMED', [-4]: 'TRUNCATED' },
} as unknown as Parameters<typeof toDevice>[2];

const code = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(1, 3, 4, 9, 13, 15, 16, 17, 18, 27, 999, 4242, -1, -2, -3, -4) },
);
/** Some that look right, some that cannot be. */
const value = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 5, 80, 1e9),
  fc.double({ min: 0, max: 1e18, noNaN: true }),
);
const coded = <T>(arbitrary: fc.Arbitrary<T>) => fc.record({ value: arbitrary, code });

/** A device as the native side hands it over. */
export const nativeDevice: fc.Arbitrary<DeviceFacts> = fc.record({
  index: fc.nat(7),
  handleCode: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: code }),
  name: coded(fc.constantFrom('', 'NVIDIA L4')),
  uuid: coded(fc.constantFrom('', 'GPU-1', 'GPU-2')),
  pciBusId: coded(fc.constantFrom('', '00000000:01:00.0')),
  values: fc.array(value, { minLength: FIELDS.length, maxLength: FIELDS.length }),
  codes: fc.array(code, { minLength: FIELDS.length, maxLength: FIELDS.length }),
  sessions: coded(
    fc.array(
      fc.record({
        sessionId: fc.nat(9),
        pid: fc.nat(9),
        codec: fc.nat(9),
        width: fc.nat(4096),
        height: fc.nat(4096),
        averageFps: fc.nat(99),
        averageLatencyUs: fc.nat(9999),
      }),
      { maxLength: 3 },
    ),
  ),
  processes: coded(
    fc.array(
      fc.record({
        pid: fc.nat(99),
        kind: fc.nat(4),
        usedBytes: coded(value),
        name: coded(fc.constantFrom('', 'wolf')),
      }),
      { maxLength: 3 },
    ),
  ),
});

const device: fc.Arbitrary<Device> = nativeDevice.map((native) => toDevice(native, FIELDS, NAMES));

const VIAS: readonly Via[] = ['layer0', 'telemetry', 'fresh', 'warm', 'thread'];
const OUTCOMES: readonly Outcome[] = [
  'ok',
  'ok',
  'failed',
  'failed',
  'timeout',
  'crashed',
  'skipped',
  'unsupported',
  'not-probed',
];
const CODES = [
  1,
  2,
  4,
  9,
  13,
  15,
  16,
  17,
  18,
  19,
  27,
  46,
  100,
  304,
  800,
  802,
  803,
  805,
  999,
  4242,
  null,
] as const;
const NAMED = [
  'NO_DEVICES',
  'LOW_MEMORY',
  'PROBE_STUCK',
  'BESIDE_TIMEOUT',
  'NOT_IMPLEMENTED',
  'LIBRARY_NOT_FOUND',
  'SYMBOL_NOT_FOUND',
  'EPERM',
  null,
] as const;
const IDS = [null, null, 'GPU-1', 'GPU-2', '00000000:01:00.0', 'index:0', 'nobody'] as const;

const check: fc.Arbitrary<Check> = fc.record({
  id: fc.constantFrom(...CHECK_IDS),
  device: fc.constantFrom(...IDS),
  via: fc.constantFrom(...VIAS),
  outcome: fc.constantFrom(...OUTCOMES),
  code: fc.constantFrom(...CODES),
  name: fc.constantFrom(...NAMED),
  detail: fc.constantFrom(null, 'cuInit', 'No GPU device for given DRM node'),
  durationMs: fc.nat(20_000),
});

const node: fc.Arbitrary<DeviceNode> = fc
  .tuple(
    fc.constantFrom('/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia0', '/dev/nvidia1', '/dev/dxg'),
    fc.constantFrom<[number | null, string | null]>(
      [null, null],
      [1, 'EPERM'],
      [2, 'ENOENT'],
      [13, 'EACCES'],
      [19, 'ENODEV'],
      [6, 'ENXIO'],
    ),
  )
  .map(([path, [errno, name]]) => ({ path, code: errno, name }));

const someHost: fc.Arbitrary<Host> = fc
  .record({
    container: fc.boolean(),
    containerRuntime: fc.constantFrom(
      null,
      'docker',
      'podman',
      'containerd',
      'cri-o',
      'lxc',
      'systemd-nspawn',
      'gvisor',
    ),
    kubernetes: fc.boolean(),
    userNamespace: fc.boolean(),
    environment: fc.constantFrom(
      {},
      { NVIDIA_DRIVER_CAPABILITIES: 'utility', NVIDIA_VISIBLE_DEVICES: 'void' },
    ),
    openFiles: fc.constantFrom(
      { open: 40, limit: 1_048_576, systemOpen: 3000, systemLimit: 1e6 },
      { open: 1020, limit: 1024, systemOpen: 1e6, systemLimit: 1e6 },
      { open: null, limit: null, systemOpen: null, systemLimit: null },
    ),
    deviceRules: fc.constantFrom<Host['deviceRules']>(null, ['a *:* rwm'], ['c 1:3 rwm', 'c *:* m']),
    kernelModule: fc.boolean(),
    wsl: fc.boolean(),
    kernelGpus: fc.constantFrom<string[]>([], ['0000:01:00.0'], ['0000:01:00.0', '0000:02:00.0']),
    deviceNodes: fc.array(node, { maxLength: 4 }),
  })
  .map((different) => host(different as Partial<Host>));

const xid: fc.Arbitrary<XidEvent> = fc.record({
  code: fc.constantFrom(13, 31, 48, 64, 79, 94, 95, 119, 4711),
  device: fc.constantFrom(...IDS),
  at: fc.constant('2025-11-05T12:34:00.000Z'),
});

const noisy: fc.Arbitrary<Facts> = fc
  .record({
    takenAt: fc.integer({ min: 0, max: 86_400 }).map((second) => new Date(second * 1000).toISOString()),
    host: fc.oneof({ weight: 1, arbitrary: fc.constant(host()) }, { weight: 3, arbitrary: someHost }),
    checks: fc.array(check, { maxLength: 12 }),
    devices: fc.uniqueArray(device, { maxLength: 3, selector: deviceId }),
    xids: fc.option(fc.array(xid, { maxLength: 3 })),
  })
  .map((different) => ({ ...facts(), ...different }));

/** Nearly well: one thing that could not be asked, or looked at, decides the verdict. */
const quiet: fc.Arbitrary<Facts> = fc
  .tuple(
    fc.constantFrom<CheckId>('nodes', 'cuda.context', 'nvenc.session', 'egl.display'),
    fc.constantFrom(...VIAS),
    fc.constantFrom<Outcome>('ok', 'skipped', 'unsupported', 'not-probed'),
    fc.constantFrom('FORK_FAILED', 'KILLED', 'NOT_IMPLEMENTED', 'NO_DRIVER', null),
    fc.boolean(),
  )
  .map(([id, via, outcome, name, driver]) => {
    const odd = { id, device: null, via, outcome, code: null, name, detail: null, durationMs: 1 };
    if (!driver) return { ...noDriver(), checks: [...noDriver().checks, odd] };
    return facts({}, [odd]);
  });

/** Whatever was seen. */
export const someFacts: fc.Arbitrary<Facts> = fc.oneof(
  { weight: 3, arbitrary: noisy },
  { weight: 1, arbitrary: quiet },
);

/** And what else is known. */
export const context: fc.Arbitrary<JudgeContext> = fc.oneof(
  fc.constant({}),
  fc.record({
    require: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    history: fc.array(someFacts.map(historyEntryOf), { maxLength: 3 }),
  }),
);
