import { describe, expect, it } from 'vitest';
import type { Check, Device, Report } from '../../lib/probe/report.js';
import { listScenarios, loadScenario, type ScenarioDevice } from '../../lib/sim/scenario.js';
import { simulate } from '../support/cli.js';
import { schemaErrors } from '../support/schema.js';
import { type ExpectedDevice, expectedDevice } from './expected-device.js';

/** A deadline that a machine under load keeps where nothing hangs, and that is not long to wait where something does. */
const DEADLINE = ['--deadline', '3000'];

interface Expected {
  verdict: Report['verdict'];
  exit: number;
  /** `critical gpu-lost 1`: severity, id, and the device's position where it has one. */
  findings: string[];
  /** Every check that is not ok: `cuda.context warm 0 failed 800 CUDA_ERROR_NOT_PERMITTED`. */
  checks: string[];
  /** What of the devices is not as the scenario has it; null: none of it is known. */
  different?: (device: ExpectedDevice, index: number) => Partial<ExpectedDevice> | null;
}

const WELL = { verdict: 'ok', exit: 0, findings: [], checks: [] } as const satisfies Expected;
const BESIDE = 'not-probed - BESIDE_TIMEOUT';
const onBoth = (...rows: string[]) =>
  [0, 1].flatMap((gpu) => rows.map((row) => row.replace('GPU', `${gpu}`)));
const contexts = (answer: string) =>
  onBoth(`cuda.context warm GPU ${answer}`, `cuda.context fresh GPU ${answer}`);
const skipped = (reason: string, via: string, ...ids: string[]) =>
  ids.map((id) => `${id} ${via} - skipped - ${reason}`);

const SCENARIOS: Record<string, Expected> = {
  'access-revoked': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical device-access-revoked'],
    checks: [
      'nodes fresh - failed 1 EPERM',
      'nvml.init fresh - failed 999 NVML_ERROR_UNKNOWN',
      'cuda.init fresh - failed 100 CUDA_ERROR_NO_DEVICE',
      ...onBoth(
        'cuda.context warm GPU failed 800 CUDA_ERROR_NOT_PERMITTED',
        'cuda.context fresh GPU skipped - NOT_INITIALIZED',
      ),
    ],
  },
  'all-zeros': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical readings-all-zero 0', 'critical readings-all-zero 1'],
    checks: [],
    different: () => null,
  },
  'busy-8gpu': WELL,
  'crash-cuda-context': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical driver-crashed 0', 'critical driver-crashed 1'],
    checks: contexts('crashed 11 SIGSEGV'),
  },
  'cuda-not-permitted': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical cuda-context-refused 0', 'critical cuda-context-refused 1'],
    checks: contexts('failed 800 CUDA_ERROR_NOT_PERMITTED'),
  },
  'cuda-out-of-memory': {
    verdict: 'degraded',
    exit: 0,
    findings: ['warning cuda-out-of-memory 0', 'warning cuda-out-of-memory 1'],
    checks: contexts('failed 2 CUDA_ERROR_OUT_OF_MEMORY'),
  },
  'driver-mismatch': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical driver-mismatch'],
    checks: [
      'nvml.init telemetry - failed 18 NVML_ERROR_LIB_RM_VERSION_MISMATCH',
      'nvml.init fresh - failed 18 NVML_ERROR_LIB_RM_VERSION_MISMATCH',
      'cuda.init fresh - failed 803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH',
    ],
    different: () => null,
  },
  'exit-deadlock': WELL,
  frozen: WELL,
  garbage: {
    verdict: 'degraded',
    exit: 0,
    findings: ['warning readings-implausible 0'],
    checks: [],
    different: ({ encoder }, index) =>
      index === 1
        ? {}
        : {
            name: null,
            processes: null,
            encoder: { ...encoder, sessions: null },
            memory: expect.anything() as unknown as Device['memory'],
            utilization: expect.anything() as unknown as Device['utilization'],
            temperatureCelsius: expect.any(Number) as unknown as number,
            powerWatts: expect.any(Number) as unknown as number,
          },
  },
  'gpu-lost': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical gpu-lost 1'],
    checks: [
      'nvml.devices fresh 1 failed 15 NVML_ERROR_GPU_IS_LOST',
      'nvml.telemetry telemetry 1 failed 15 NVML_ERROR_GPU_IS_LOST',
      'cuda.context warm 1 skipped - NO_UUID',
      'cuda.context fresh 1 skipped - NO_UUID',
    ],
    different: (_, index) => (index === 0 ? {} : null),
  },
  'hang-cuda-context': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical driver-unresponsive 0'],
    checks: [
      'cuda.context warm 0 timeout - -',
      `cuda.context fresh 0 ${BESIDE}`,
      `cuda.context warm 1 ${BESIDE}`,
      `cuda.context fresh 1 ${BESIDE}`,
    ],
  },
  'hang-nvml-init': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical driver-unresponsive'],
    checks: ['nvml.init telemetry - timeout - -', `nvml.init fresh - ${BESIDE}`],
    different: () => null,
  },
  'hang-nvml-read': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical driver-unresponsive'],
    checks: ['nvml.telemetry telemetry - timeout - -', `nvml.init fresh - ${BESIDE}`],
    different: () => null,
  },
  healthy: WELL,
  idle: WELL,
  leak: WELL,
  'no-driver': {
    verdict: 'unknown',
    exit: 3,
    findings: ['info driver-absent'],
    checks: [
      'nodes layer0 - failed 2 ENOENT',
      ...skipped('NO_DRIVER', 'telemetry', 'nvml.load', 'nvml.init', 'nvml.devices', 'nvml.telemetry'),
      ...skipped('NO_DRIVER', 'fresh', 'cuda.load', 'cuda.init', 'cuda.context'),
    ],
    different: () => null,
  },
  'nvml-unknown-error': {
    verdict: 'failed',
    exit: 1,
    findings: ['critical nvml-init-failed', 'warning cuda-nvml-disagree'],
    checks: [
      'nvml.init telemetry - failed 999 NVML_ERROR_UNKNOWN',
      'nvml.init fresh - failed 999 NVML_ERROR_UNKNOWN',
    ],
    different: () => null,
  },
  'old-driver': {
    ...WELL,
    // The older function counts the driver's own share as used.
    different: ({ memory }) => ({
      memory: {
        ...memory,
        usedBytes: (memory.usedBytes ?? 0) + (memory.reservedBytes ?? 0),
        reservedBytes: null,
      },
    }),
  },
  'wolf-2025-10-02': WELL,
  'wolf-2025-11-05': WELL,
};

/** What a device is called in a report, as its position; `-`: it is the machine. */
function position(device: string | null, devices: readonly ScenarioDevice[]): string {
  if (device === null) return '-';
  const index = devices.findIndex(
    ({ uuid, pciBusId }) => uuid === device || pciBusId.toLowerCase() === device,
  );
  return index >= 0 ? `${index}` : device.replace('index:', '');
}

const checkLine = ({ id, via, device, outcome, code, name }: Check, devices: readonly ScenarioDevice[]) =>
  `${id} ${via} ${position(device, devices)} ${outcome} ${code ?? '-'} ${name ?? '-'}`;

/** Timed processes that are alive as the scenario begins hold memory besides. */
function atTheBeginning(device: ScenarioDevice): ScenarioDevice {
  const timed = device.processes.filter(
    ({ fromSecond, toSecond }) => fromSecond !== undefined || toSecond !== undefined,
  );
  const alive = timed.filter(({ fromSecond = 0 }) => fromSecond === 0);
  const dead = timed.filter((process) => !alive.includes(process));
  const usedBytes = alive.reduce((sum, process) => sum + (process.usedBytes ?? 0), device.memory.usedBytes);
  const processes = device.processes
    .filter((process) => !dead.includes(process))
    .map(({ pid, kind, usedBytes: bytes, name }) => ({ pid, kind, usedBytes: bytes, name }));
  const sessions =
    device.encoder?.sessions.filter(({ pid }) => dead.every((process) => process.pid !== pid)) ?? [];
  return {
    ...device,
    memory: { ...device.memory, usedBytes },
    processes,
    // Averages are over sessions: without one they are 0.
    encoder: device.encoder && {
      averageFps: sessions.length > 0 ? device.encoder.averageFps : 0,
      averageLatencyUs: sessions.length > 0 ? device.encoder.averageLatencyUs : 0,
      sessions,
    },
  };
}

function devicesOf(
  devices: readonly ScenarioDevice[],
  different: Expected['different'],
): (ExpectedDevice | null)[] {
  return devices.map((device, index) => {
    const plain = expectedDevice(atTheBeginning(device), index);
    // Who lists the processes of a kind does so in the order of the scenario; kinds come one after the other.
    plain.processes = ['compute', 'graphics', 'mps-compute'].flatMap(
      (kind) => plain.processes?.filter((process) => process.kind === kind) ?? [],
    );
    const change = different?.(plain, index);
    return change === null ? null : { ...plain, ...change };
  });
}

describe('every scenario, through the command line', () => {
  it('is here', () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(listScenarios().map(({ name }) => name));
  });

  it.each(Object.entries(SCENARIOS))(
    '%s: checks, devices, findings, verdict and exit code',
    async (name, expected) => {
      const { devices } = loadScenario(name);
      const { report, status } = await simulate(name, ...DEADLINE);
      const findings = report.findings.map(
        ({ severity, id, device }) => `${severity} ${id} ${position(device, devices)}`,
      );
      expect({ verdict: report.verdict, exit: status, findings }).toEqual({
        verdict: expected.verdict,
        exit: expected.exit,
        findings: expected.findings.map((line) => (/\d$/.test(line) ? line : `${line} -`)),
      });
      const bad = report.checks.filter(
        ({ outcome, name: code }) => outcome !== 'ok' && code !== 'NOT_IMPLEMENTED',
      );
      expect(bad.map((check) => checkLine(check, devices)).sort()).toEqual([...expected.checks].sort());
      expect(report.simulated).toBe(true);
      expect(schemaErrors(report)).toEqual([]);
      const wanted = devicesOf(devices, expected.different);
      for (const [index, device] of wanted.entries()) {
        if (device === null) expect(report.devices[index]?.memory.usedBytes ?? null).toBeNull();
        else expect(report.devices[index]).toMatchObject(device);
      }
    },
  );
});

describe('what gpuprobe cannot probe yet', () => {
  it('is not-probed in the report of an incident that it was part of', async () => {
    const { report } = await simulate('wolf-2025-11-05', '--from', '12:35:01');
    const egl = report.checks.filter(({ id }) => id.startsWith('egl.'));
    expect(egl.map(({ outcome }) => outcome)).toEqual([
      'not-probed',
      'not-probed',
      'not-probed',
      'not-probed',
    ]);
    expect(report.findings.map(({ id }) => id)).toEqual(['device-access-revoked']);
  });
});
