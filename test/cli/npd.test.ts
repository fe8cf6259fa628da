import { describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { npdLine } from '../../lib/surfaces/cli/npd-line.js';
import { RULES } from '../../lib/verdict/rules/index.js';
import { accessRevoked, device, facts, noDriver } from '../verdict/facts.js';
import { finding, gpuprobe, reportOf } from './context.js';

/** A report with findings of these ids. */
const withFindings = (...ids: string[]): Report => {
  const report = reportOf(accessRevoked());
  const [model] = report.findings;
  if (model === undefined) throw new Error('nothing found');
  return { ...report, simulated: false, findings: ids.map((id) => ({ ...model, id })) };
};

describe('--format npd', () => {
  it.each([
    ['ok: 1 GPU\n', facts({ simulated: false }), 0],
    ['ok: 2 GPUs\n', facts({ simulated: false, devices: [device(), device({ index: 1 })] }), 0],
    ['failed: device-access-revoked\n', { ...accessRevoked(), simulated: false }, 1],
    ['unknown: driver-absent\n', { ...noDriver(), simulated: false }, 3],
    ['simulated ok: 1 GPU\n', facts({ simulated: true }), 0],
  ])('%j', async (line, given, exitCode) => {
    expect(await gpuprobe('--format npd', finding(given))).toEqual({ exitCode, stdout: line, stderr: '' });
  });

  it('names a finding of several devices once, and counts what there is no room for', () => {
    expect(npdLine(withFindings('gpu-lost', 'gpu-lost', 'reset-required'))).toBe(
      'failed: gpu-lost, reset-required\n',
    );
    const long = withFindings(
      'device-access-revoked',
      'nvml-init-failed',
      'cuda-init-failed',
      'cuda-nvml-disagree',
      'gpu-lost',
    );
    expect(npdLine(long)).toBe('failed: device-access-revoked, nvml-init-failed, cuda-init-failed +2\n');
  });

  it('is at most 80 bytes on one line, however many findings there are', () => {
    for (const ids of [['x'.repeat(200)], RULES.map(({ id }) => id)]) {
      const line = npdLine(withFindings(...ids));
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(81);
      expect(line).toMatch(/^failed: [ -~]+\n$/);
    }
  });
});
