import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Latest } from '../../lib/monitor/latest.js';
import { childrenOf, eventually } from '../support/processes.js';
import { type Service, startService } from '../support/service.js';

/** Real processes that are stopped, and drivers that are slow or hang, and what the monitor says meanwhile. */

type Told = Omit<Latest, 'report' | 'lastGood'> & { verdict: string | null };

const told = async (service: Service) => JSON.parse(await service.line()) as Told;

describe('a service that is stopped', () => {
  it('says after SIGCONT how old its readings are, then has new ones, and the gap on record', async () => {
    const staleAfterMs = 1000;
    const service = startService('monitor/services/resumed.mjs', { given: { staleAfterMs } });
    await service.line();
    service.kill('SIGSTOP');
    const isStopped = () =>
      childrenOf(process.pid).some(({ pid, state }) => pid === service.pid && state === 'T');
    expect(await eventually(isStopped)).toBe(true);
    const stopped = { ms: performance.now(), wall: Date.now() };
    await setTimeout(2 * staleAfterMs);
    const resumed = { ms: performance.now(), wall: Date.now() };
    service.kill('SIGCONT');
    const first = await told(service);
    expect(first.stale || first.gaps.length > 0).toBe(true);
    service.tell();
    const { gaps, ...second } = await told(service);
    expect(second).toMatchObject({ state: 'fresh', stale: false, verdict: 'ok' });
    // A busy machine may have held the service up at other times as well.
    const gap = gaps.find(
      ({ from, to }) => Date.parse(from) <= stopped.wall && resumed.wall <= Date.parse(to),
    );
    // Both clocks ran, so they agree; where they do not, the milliseconds are right.
    expect(gap?.ms).toBeGreaterThanOrEqual(resumed.ms - stopped.ms);
    expect((await service.ended).status).toBe(0);
  });
});

describe('a driver', () => {
  it('that is slow is fresh as long as its answers are, and asked less often', async () => {
    const delayMs = 150;
    const service = startService('monitor/services/slow.mjs', { given: { delayMs } });
    // Two GPUs are read, and then left alone for as long as that took. A busy machine only makes it longer.
    for (const apartMs of JSON.parse(await service.line()) as number[]) {
      expect(apartMs).toBeGreaterThan(3.5 * delayMs);
    }
    expect(await told(service)).toMatchObject({
      state: 'fresh',
      verdict: 'ok',
      gaps: [],
      consecutiveFailures: 0,
    });
    expect((await service.ended).status).toBe(0);
  });

  it('that hangs is seen in the call, then as a failure; killed and replaced, it is well again, with the gap told', async () => {
    const service = startService('monitor/services/hanging.mjs');
    const hanging = await told(service);
    const failed = await told(service);
    const well = await told(service);
    expect(hanging.verdict).toBe('ok'); // of the last report, which is known to be old
    expect(hanging).toMatchObject({ state: 'stale', stale: true });
    expect(hanging.pending).toMatchObject([
      { check: 'nvml.telemetry', driverFunction: 'nvmlDeviceGetPowerUsage' },
    ]);
    expect(failed).toMatchObject({ verdict: 'failed', monitoring: { works: false } });
    expect(failed.monitoring.because).toMatch(
      /nvml\.telemetry \(telemetry\): no answer \(nvmlDeviceGetPowerUsage/,
    );
    expect(well).toMatchObject({ verdict: 'ok', monitoring: { works: true }, consecutiveFailures: 0 });
    expect(well.gaps.length).toBeGreaterThan(0);
    expect((await service.ended).status).toBe(0);
  });

  it('that hangs does not hold the service back from its end', async () => {
    const service = startService('monitor/services/ends-in-call.mjs');
    expect(await service.line()).toBe('in a call');
    expect((await service.ended).status).toBe(0);
  });
});
