import { describe, expect, it } from 'vitest';
import { probe } from '../../lib/probe.js';

describe('probe()', () => {
  it('is one look for callers that overlap, and a new one afterwards', async () => {
    const options = { simulate: 'healthy' };
    const reports = await Promise.all(Array.from({ length: 1000 }, () => probe(options)));
    expect(new Set(reports).size).toBe(1);
    const next = await probe(options);
    expect(next).not.toBe(reports[0]);
    expect(next.verdict).toBe('ok');
  });

  it('keeps looks of different questions apart, however many there are', async () => {
    const deadlines = Array.from({ length: 300 }, (_, i) => 20_000 + i);
    const reports = await Promise.all(
      deadlines.map((deadlineMs) => probe({ simulate: 'healthy', deadlineMs, checks: ['nodes', 'nvml'] })),
    );
    // A machine that cannot start so many processes at once may say so; it never calls a driver absent.
    for (const report of reports) {
      expect(['ok', 'unknown']).toContain(report.verdict);
      expect(report.findings.map((finding) => finding.id)).not.toContain('driver-absent');
    }
    expect(reports.filter((report) => report.verdict === 'ok').length).toBeGreaterThan(100);
  });

  it.each([
    [{ deadlineMs: 0 }, 'deadlineMs must be an integer from 1 to 3600000, not 0'],
    [{ checks: [] }, 'checks must be a list of nodes'],
    [{ isolation: 'none' }, "isolation must be 'process' or 'thread', not \"none\""],
    [{ simulat: 'healthy' }, 'unknown option simulat; allowed: deadlineMs'],
    [{ libraryPath: '' }, 'libraryPath must be a non-empty string'],
  ])('refuses %j with a coded error that says what is allowed', async (options, message) => {
    await expect(probe(options as object)).rejects.toMatchObject({
      name: 'GpuProbeError',
      code: 'ERR_GPUPROBE_INVALID_OPTION',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a second source in thread mode: a process is real or one scenario for good', async () => {
    await probe({ simulate: 'healthy', isolation: 'thread' });
    await expect(probe({ simulate: 'idle', isolation: 'thread' })).rejects.toMatchObject({
      code: 'ERR_GPUPROBE_THREAD_SOURCE',
    });
  });
});
