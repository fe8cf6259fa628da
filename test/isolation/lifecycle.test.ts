import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { gpuprobe } from '../support/cli.js';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const HANGS = ['hang-nvml-init', 'hang-cuda-context'];

describe('a driver that hangs', () => {
  it.each(HANGS)('%s: timeout by name, exit 1, nothing left running', async (scenario) => {
    let warden: Promise<number> | undefined;
    const beganMs = performance.now();
    const result = await gpuprobe(['--sim', scenario, '--json', '--deadline', '500'], {
      onStart: (pid) => {
        warden = wardenOf(pid, 1);
      },
    });
    const elapsedMs = performance.now() - beganMs;
    expect(result.status).toBe(1);
    const session = await warden;
    expect(await eventually(() => runningIn(Number(session)).length === 0)).toBe(true);
    const report = JSON.parse(result.stdout) as Report;
    const [timeout] = report.checks.filter((check) => check.outcome === 'timeout');
    expect(timeout?.detail).toMatch(/^(nvmlInitWithFlags|cuCtxCreate_v2)/);
    // Of the record's own clock: no shorter than the deadline, and within the run.
    expect(timeout?.durationMs).toBeGreaterThanOrEqual(500);
    expect(timeout?.durationMs).toBeLessThan(elapsedMs);
    expect(report.findings[0]).toMatchObject({ id: 'driver-unresponsive', severity: 'critical' });
  });

  it('is entered twice at most: beside two stuck processes the third check does not ask', async () => {
    const service = startService('isolation/services/stuck-cap.mjs');
    const { output } = await service.ended;
    const rows = JSON.parse(output) as Report['checks'];
    expect(rows.map((row) => [row.outcome, row.name])).toEqual([
      ['timeout', null],
      ['timeout', null],
      ['not-probed', 'PROBE_STUCK'],
    ]);
  });
});

describe('a warden that is killed', () => {
  it('costs the probe in flight a coded error, and the next one nothing', async () => {
    const options = [{ simulate: 'hang-nvml-init', deadlineMs: 60_000 }, { simulate: 'healthy' }];
    const service = startService('isolation/services/ask.mjs', { given: { options } });
    const warden = await wardenOf(service.pid, 1);
    process.kill(warden, 'SIGKILL');
    expect((await service.ended).output).toBe('ERR_GPUPROBE_WARDEN_LOST\nok\n');
    expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
  });
});

describe('worker threads', () => {
  it('probe on their own, and may be terminated with a probe in flight', async () => {
    const service = startService('isolation/services/workers.mjs');
    expect(await service.ended).toMatchObject({ status: 0, output: 'ok\n' });
  });
});

describe('the machine after a check', () => {
  const deviceNodes = () => readdirSync('/dev').filter((name) => name.startsWith('nvidia'));
  const temporary = () =>
    readdirSync(tmpdir()).filter((name) => name.startsWith('gpuprobe') && !name.includes('test'));

  it('has no new device node, file or process', async () => {
    const before = { nodes: deviceNodes(), files: temporary() };
    const result = await gpuprobe(['--json']);
    expect([0, 1, 3]).toContain(result.status);
    expect({ nodes: deviceNodes(), files: temporary() }).toEqual(before);
  });
});
