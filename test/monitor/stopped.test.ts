import { describe, expect, it } from 'vitest';
import type { Latest } from '../../lib/monitor/latest.js';
import { packageRoot } from '../support/cli.js';
import { startService } from '../support/service.js';

/** Real processes that are stopped, and drivers that are slow or hang, and what the monitor says meanwhile. */

const setUp = (options: string) => `
  // Of one set of modules: they share the machine.
  const modules = '${packageRoot}/build/lib';
  const { changeMachine, startMachine } = await import(modules + '/sim/machine.js');
  const library = await import(modules + '/index.js');
  const simulate = { scenario: 'idle' };
  const change = (wanted) => changeMachine(startMachine(simulate), wanted);
  const gpu = library.createGpuProbe({ simulate, logger: false, ${options} });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const tell = () => { const { report, lastGood, ...rest } = gpu.latest(); say({ ...rest, verdict: report?.verdict ?? null }); };
  // A service has something to do, and a monitor keeps none alive.
  const work = setInterval(() => {}, 1000);
  await gpu.check();
`;

type Told = Omit<Latest, 'report' | 'lastGood'> & { verdict: string | null };

describe('a service that is stopped', () => {
  it('says after SIGCONT how old its readings are, then has new ones, and the gap on record', async () => {
    const service = startService(`${setUp('intervalMs: 200, staleAfterMs: 600')}
      say('ready');
      // Stopped for a while, this loop sees the first moment after it.
      let last = performance.now();
      for (;;) {
        await new Promise(setImmediate);
        if (performance.now() - last > 2000) break;
        last = performance.now();
      }
      tell();
      await pause(500);
      tell();
      await gpu.close(); clearInterval(work);`);
    await service.line();
    await new Promise((resolve) => setTimeout(resolve, 300));
    service.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    service.kill('SIGCONT');
    const first = JSON.parse(await service.line()) as Told;
    const second = JSON.parse(await service.line()) as Told;
    expect(first.stale || first.gaps.length === 1).toBe(true);
    expect(second).toMatchObject({ state: 'fresh', stale: false, verdict: 'ok' });
    expect(second.gaps).toHaveLength(1);
    const gap = second.gaps[0];
    expect(gap?.ms).toBeGreaterThanOrEqual(2990);
    // Both clocks ran, so they agree; where they do not, the milliseconds are right.
    expect(Date.parse(gap?.to ?? '') - Date.parse(gap?.from ?? '')).toBeGreaterThanOrEqual(2980);
    expect((await service.ended).status).toBe(0);
  });
});

describe('a driver', () => {
  it('that is slow is fresh as long as its answers are, and asked less often', async () => {
    const service = startService(`${setUp('intervalMs: 100, staleAfterMs: 5000, canaryIntervalMs: 600000')}
      let looks = 0;
      gpu.on('report', () => looks++);
      change({ faults: [{ function: 'nvmlDeviceGetTemperature', delayMs: 150 }] });
      await pause(2000);
      tell();
      say(String(looks));
      await gpu.close(); clearInterval(work);`);
    const told = JSON.parse(await service.line()) as Told;
    expect(told).toMatchObject({ state: 'fresh', verdict: 'ok', gaps: [], consecutiveFailures: 0 });
    // 300 ms for two GPUs, and as long a pause: at most 4 in the time in which a fast one is asked 20 times.
    expect(Number(await service.line())).toBeLessThanOrEqual(5);
    expect((await service.ended).status).toBe(0);
  });

  it('that hangs is seen in the call, then as a failure; killed and replaced, it is well again, with the gap told', async () => {
    const service =
      startService(`${setUp('intervalMs: 100, staleAfterMs: 400, expireAfterMs: 60000, deadlineMs: 1000, hardDeadlineMs: 2000, maxBackoffMs: 500')}
      change({ faults: [{ function: 'nvmlDeviceGetPowerUsage', hang: true }] });
      await pause(700);
      tell();
      await new Promise((resolve) => gpu.on('monitoring', ({ works }) => works === false && resolve()));
      tell();
      change({ faults: [] });
      await new Promise((resolve) => gpu.on('monitoring', ({ works }) => works === true && resolve()));
      await pause(300);
      tell();
      await gpu.close(); clearInterval(work);`);
    const [hanging, failed, well] = [
      JSON.parse(await service.line()) as Told,
      JSON.parse(await service.line()) as Told,
      JSON.parse(await service.line()) as Told,
    ];
    expect(hanging.state).toBe('stale');
    expect(hanging.verdict).toBe('ok'); // of the last report, which is known to be old
    expect(hanging.pending).toMatchObject([
      { check: 'nvml.telemetry', driverFunction: 'nvmlDeviceGetPowerUsage' },
    ]);
    expect(hanging.pending[0]?.forMs).toBeGreaterThan(0);
    expect(failed).toMatchObject({ verdict: 'failed', monitoring: { works: false } });
    expect(failed.monitoring.because).toMatch(
      /nvml\.telemetry \(telemetry\): no answer \(nvmlDeviceGetPowerUsage/,
    );
    expect(well).toMatchObject({ verdict: 'ok', monitoring: { works: true }, consecutiveFailures: 0 });
    expect(well.gaps.length).toBeGreaterThan(0);
    expect((await service.ended).status).toBe(0);
  });

  it('that hangs does not hold the service back from its end', async () => {
    const service = startService(`${setUp('intervalMs: 50, deadlineMs: 60000')}
      change({ faults: [{ function: 'nvmlDeviceGetPowerUsage', hang: true }, { function: 'cuCtxCreate_v2', hang: true }] });
      await pause(300);
      say(String(gpu.latest().pending.length)); clearInterval(work);`);
    expect(Number(await service.line())).toBeGreaterThan(0);
    expect((await service.ended).status).toBe(0);
  });
});
