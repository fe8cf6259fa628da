import { describe, expect, it } from 'vitest';
import type { Check, Device, Report } from '../../lib/probe/report.js';
import { gpuprobe, packageRoot, simulate } from '../support/cli.js';
import { schemaErrors } from '../support/schema.js';

const critical = (report: Report) =>
  report.findings.filter((finding) => finding.severity === 'critical').map((finding) => finding.id);

const row = (report: Report, id: Check['id'], via: Check['via']) =>
  report.checks.find((check) => check.id === id && check.via === via);

/** Every number and string of a device that is not about which one it is. */
function readings(device: Device): unknown[] {
  const { index, unavailable, ...rest } = device;
  return Object.values(rest).flatMap((value): unknown[] =>
    value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.values(value) : [value],
  );
}

describe('what each scenario shows', () => {
  it('all-zeros: no zero is passed off as a reading', async () => {
    const { report } = await simulate('all-zeros');
    expect(report.devices).toHaveLength(2);
    for (const device of report.devices) {
      expect(readings(device).filter((value) => value !== null)).toEqual([]);
      expect(device.unavailable['memory.totalBytes']).toEqual({ code: null, name: 'ALL_ZERO' });
      expect(device.unavailable.temperatureCelsius).toEqual({ code: null, name: 'ALL_ZERO' });
    }
  });

  it('idle: a zero that the driver really reports stays a zero', async () => {
    const { report } = await simulate('idle');
    for (const device of report.devices) expect(device.utilization.gpu).toBe(0);
  });

  it('nvml-unknown-error: 999 by number, in a fresh process too, and CUDA fine beside it', async () => {
    const { report } = await simulate('nvml-unknown-error');
    for (const via of ['telemetry', 'fresh'] as const) {
      expect(row(report, 'nvml.init', via)).toMatchObject({ code: 999, name: 'NVML_ERROR_UNKNOWN' });
    }
    expect(row(report, 'cuda.context', 'warm')).toMatchObject({ outcome: 'ok' });
    expect(report.findings.map((finding) => finding.id)).toContain('cuda-nvml-disagree');
  });

  it('cuda-not-permitted: NVML fine and cuda.context 800 in one report', async () => {
    const { report } = await simulate('cuda-not-permitted');
    expect(row(report, 'nvml.telemetry', 'telemetry')).toMatchObject({ outcome: 'ok' });
    expect(row(report, 'cuda.context', 'warm')).toMatchObject({
      outcome: 'failed',
      code: 800,
      name: 'CUDA_ERROR_NOT_PERMITTED',
    });
  });

  it('access-revoked: fresh and warm disagree as in life, and one finding quotes EPERM', async () => {
    const { report } = await simulate('access-revoked');
    expect(row(report, 'nvml.init', 'telemetry')).toMatchObject({ outcome: 'ok' });
    expect(row(report, 'nvml.init', 'fresh')).toMatchObject({ code: 999 });
    expect(row(report, 'cuda.init', 'fresh')).toMatchObject({ code: 100 });
    expect(row(report, 'cuda.context', 'warm')).toMatchObject({ code: 800 });
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]?.observed.join('\n')).toMatch(/\/dev\/nvidiactl: EPERM/);
    expect(report.devices.map((device) => device.memory.usedBytes)).not.toContain(null);
  });

  it('gpu-lost: the lost device is named, the other reported in full', async () => {
    const { report } = await simulate('gpu-lost');
    const lost = report.findings.find((finding) => finding.id === 'gpu-lost');
    expect(lost?.device).toBe('00000000:41:00.0');
    const [healthy, gone] = report.devices;
    expect(healthy?.name).toBe('NVIDIA RTX 2000 Ada Generation');
    expect(Object.keys(healthy?.unavailable ?? {})).not.toContain('memory.usedBytes');
    expect(gone?.memory.usedBytes).toBeNull();
    expect(gone?.unavailable['memory.usedBytes']).toEqual({ code: 15, name: 'NVML_ERROR_GPU_IS_LOST' });
  });
});

describe('a simulator that came to be loaded without --sim', () => {
  it('is recognised by its marker, and the report says so', async () => {
    const result = await gpuprobe(['--force', '--json'], {
      env: { LD_LIBRARY_PATH: `${packageRoot}/build/Release/sim` },
    });
    const report = JSON.parse(result.stdout) as Report;
    expect(report.simulated).toBe(true);
    expect(report.verdict).not.toBe('ok');
  });
});

describe('isolation thread', () => {
  const summary = (report: Report) => ({
    // The energy used is another a moment later.
    devices: report.devices.map(({ energyJoules, ...device }) => device),
    critical: critical(report),
    verdict: report.verdict,
  });

  it.each([
    'healthy',
    'idle',
    'no-driver',
    'nvml-unknown-error',
    'all-zeros',
    'cuda-not-permitted',
    'gpu-lost',
  ])('%s: same devices, critical findings and verdict, one row per check', async (scenario) => {
    const [process, thread] = await Promise.all([
      simulate(scenario),
      simulate(scenario, '--isolation', 'thread'),
    ]);
    expect(summary(thread.report)).toEqual(summary(process.report));
    expect(thread.status).toBe(process.status);
    const keys = thread.report.checks.map((check) => `${check.id} ${check.device}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(schemaErrors(thread.report)).toEqual([]);
  });

  it.each([
    ['access-revoked', 'device-access-revoked'],
    ['hang-nvml-init', 'driver-unresponsive'],
    ['hang-cuda-context', 'driver-unresponsive'],
  ])('%s: the same critical finding, %s', async (scenario, finding) => {
    const deadline = ['--deadline', '1500'];
    const [process, thread] = await Promise.all([
      simulate(scenario, ...deadline),
      simulate(scenario, '--isolation', 'thread', ...deadline),
    ]);
    expect(critical(process.report)).toEqual([finding]);
    expect(critical(thread.report)).toEqual([finding]);
    expect(thread.status).toBe(1);
  });
});
