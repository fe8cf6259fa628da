import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import type { GpuProbeEvents } from '../../lib/monitor/events.js';
import type { GpuProbe } from '../../lib/monitor/gpu-probe.js';
import type { GpuProbeOptions } from '../../lib/monitor/options.js';
import type { Answer } from '../../lib/native/source.js';
import { ManualClock, settled } from './manual-clock.js';
import { failing, type RecordedSource, record, unanswered } from './recorded.js';

/** Ages, states and gaps in time that a test makes pass; test/monitor/stopped.test.ts has them in real processes. */

let source: RecordedSource;
let clock: ManualClock;
let gpu: GpuProbe;
const events: GpuProbeEvents[keyof GpuProbeEvents][] = [];

beforeAll(async () => {
  source = await record();
});
beforeEach(() => {
  source.instead = () => undefined;
  source.where = null;
  source.asked.length = 0;
  clock = new ManualClock();
  events.length = 0;
});

async function start(options: GpuProbeOptions = {}): Promise<void> {
  gpu = createGpuProbeOn(
    { clock, open: source.open, count: () => new Promise(() => {}) },
    { logger: false, ...options },
  );
  for (const name of ['stale', 'gap', 'verdict', 'monitoring', 'recovered', 'finding'] as const) {
    gpu.on(name, (event) => events.push(event));
  }
  await clock.advance(0);
  await clock.advance(1);
}
const named = (type: string) => events.filter((event) => event.type === type);
const never = () => new Promise<Answer>(() => {});

describe('latest()', () => {
  it('has nothing before the first look, and says that that is not fresh', async () => {
    gpu = createGpuProbeOn({ clock, open: source.open }, { logger: false });
    expect(gpu.latest()).toMatchObject({
      report: null,
      ageMs: Number.POSITIVE_INFINITY,
      state: 'expired',
      stale: true,
    });
    expect(gpu.latest()).toMatchObject({ lastGood: null, consecutiveFailures: 0, pending: [], gaps: [] });
    expect(gpu.latest().monitoring).toEqual({
      works: null,
      because: null,
      since: null,
      forMs: Number.POSITIVE_INFINITY,
    });
    await gpu.close();
  });

  it('knows the age of readings and of canaries apart', async () => {
    await start();
    expect(gpu.latest()).toMatchObject({ state: 'fresh', stale: false, ageMs: 1, canary: { ageMs: 1 } });
    await clock.advance(29_000);
    expect(gpu.latest().ageMs).toBeLessThanOrEqual(2000);
    expect(gpu.latest().canary.ageMs).toBe(29_001);
    await clock.advance(1500);
    expect(gpu.latest().canary.ageMs).toBeLessThan(2000);
    const told = gpu.latest().canary.outcomes.map(({ via, outcome }) => `${via} ${outcome}`);
    expect([...new Set(told)]).toEqual(['warm ok', 'fresh ok']);
    await clock.advance(2000);
    const { parts } = gpu.latest().report ?? {};
    expect(parts?.lists).not.toBe(parts?.telemetry);
  });

  it('counts from the question: a slow answer is as old as that', async () => {
    await start();
    source.instead = ({ kind }) => (kind === 'telemetry' ? answeredAfter(3000) : undefined);
    await clock.advance(2000);
    await clock.advance(3000);
    expect(gpu.latest()).toMatchObject({ ageMs: 3001, state: 'fresh', consecutiveFailures: 0 });
  });

  it.each([-86_400_000, 86_400_000])('is not moved by a wall clock that jumps by %i ms', async (jumpMs) => {
    await start();
    await clock.advance(500);
    const before = gpu.latest();
    clock.setOffMs = jumpMs;
    expect(gpu.latest()).toEqual(before);
    await clock.advance(10_000);
    expect(gpu.latest().ageMs).toBeLessThanOrEqual(2000);
    expect(named('stale')).toEqual([]);
    expect(named('gap')).toEqual([]);
    expect(gpu.latest().monitoring.forMs).toBe(10_500 + (before.monitoring.forMs - 500));
  });

  it('turns stale, and then is no report any more', async () => {
    await start();
    source.instead = ({ kind }) => (kind === 'telemetry' ? never() : undefined);
    const from = gpu.latest().report?.takenAt;
    await clock.advance(5990);
    expect(gpu.latest().state).toBe('fresh');
    await clock.advance(20);
    expect(gpu.latest()).toMatchObject({ state: 'stale', stale: true });
    expect(gpu.latest().report).not.toBeNull();
    await clock.advance(24_000);
    expect(gpu.latest()).toMatchObject({ state: 'expired', stale: true, report: null });
    expect(gpu.latest().lastGood?.report.takenAt).toBe(from);
    expect(named('stale').map((event) => 'state' in event && event.state)).toEqual(['stale', 'expired']);
  });

  it('records the time in which the process did not run', async () => {
    await start();
    await clock.advance(1000);
    clock.stop(10_000);
    expect(gpu.latest()).toMatchObject({ state: 'stale', stale: true, ageMs: 11_001 });
    await clock.advance(1);
    expect(gpu.latest()).toMatchObject({ state: 'fresh', stale: false });
    const [gap, ...others] = gpu.latest().gaps;
    expect(others).toEqual([]);
    expect(gap?.ms).toBe(11_001);
    expect(Date.parse(gap?.to ?? '') - Date.parse(gap?.from ?? '')).toBe(11_001);
    expect(named('gap')).toHaveLength(1);
  });
});

function answeredAfter(ms: number): Promise<Answer> {
  const { snapshot } = source;
  return new Promise((resolve) => {
    clock.after(ms, () => {
      source.snapshot = snapshot;
      source.instead = () => undefined;
      const answer = source.ask({ kind: 'telemetry', softMs: 1, hardMs: 1 });
      resolve(
        answer.then(({ checks, ...rest }) => ({
          ...rest,
          checks: checks.map((row) => ({ ...row, durationMs: ms })),
        })),
      );
    });
  });
}

describe('a driver that fails', () => {
  it('is asked at the same pace where it says so, and the last good report is kept apart', async () => {
    await start();
    const good = gpu.latest().report;
    source.instead = ({ kind }) =>
      kind === 'telemetry' ? Promise.resolve(failing('nvml.init', 999)) : undefined;
    await clock.advance(20_000);
    const latest = gpu.latest();
    expect(latest.consecutiveFailures).toBe(10);
    expect(latest.report).toMatchObject({ verdict: 'failed', devices: [] });
    expect(latest.lastGood?.report).toBe(good);
    expect(latest.lastGood?.ageMs).toBe(20_001);
    expect(latest.monitoring).toMatchObject({
      works: false,
      because: 'nvml.init (telemetry): 999 NVML_ERROR_UNKNOWN',
    });
    source.instead = () => undefined;
    await clock.advance(2000);
    expect(gpu.latest()).toMatchObject({ consecutiveFailures: 0, monitoring: { works: true } });
    expect(named('monitoring').map((event) => 'works' in event && [event.works, event.darkMs])).toEqual([
      [true, null],
      [false, null],
      [true, 20_000],
    ]);
  });

  it('is asked less and less where it does not answer, and what is known of it does not expire', async () => {
    await start();
    let unansweredLooks = 0;
    source.instead = ({ kind }) => {
      if (kind !== 'telemetry') return undefined;
      unansweredLooks++;
      return new Promise((resolve) => {
        clock.after(5000, () => resolve(unanswered('nvml.telemetry')));
      });
    };
    await clock.advance(8000);
    for (let i = 0; i < 120; i++) {
      await clock.advance(1000);
      expect(gpu.latest()).toMatchObject({ monitoring: { works: false } });
      expect(gpu.latest().report?.verdict).toBe('failed');
    }
    // Every 5 s + 20 s at the end, where every 5 s + 2 s would make 18.
    expect(unansweredLooks).toBeLessThanOrEqual(8);
    expect(unansweredLooks).toBeGreaterThanOrEqual(5);
  });

  it('is asked again as soon as the call has returned, as the shared page shows without asking', async () => {
    await start();
    const deadline = (): Promise<Answer> =>
      new Promise((resolve) => {
        clock.after(5000, () => resolve(unanswered('nvml.telemetry')));
      });
    source.instead = ({ kind }) => (kind === 'telemetry' ? deadline() : undefined);
    source.where = { check: 'nvml.telemetry', driverFunction: 'nvmlDeviceGetPowerUsage', forMs: 40 };
    await clock.advance(60_000);
    expect(gpu.latest().monitoring.works).toBe(false);
    expect(gpu.latest().pending).toMatchObject([
      { check: 'nvml.telemetry', driverFunction: 'nvmlDeviceGetPowerUsage' },
    ]);
    await clock.advance(6000); // into the pause of 20 s
    const looks = source.times('telemetry');
    source.where = null;
    source.instead = () => undefined;
    await clock.advance(2001);
    expect(source.times('telemetry')).toBe(looks + 1);
    expect(gpu.latest()).toMatchObject({ monitoring: { works: true }, pending: [] });
  });

  it('shows a call that is under way, and for how long', async () => {
    await start();
    source.instead = ({ kind }) => (kind === 'telemetry' ? never() : undefined);
    source.where = { check: 'nvml.telemetry', driverFunction: 'nvmlDeviceGetPowerUsage', forMs: 1 };
    await clock.advance(2000);
    await clock.advance(1500);
    expect(gpu.latest().pending).toEqual([
      {
        check: 'nvml.telemetry',
        via: 'telemetry',
        device: null,
        driverFunction: 'nvmlDeviceGetPowerUsage',
        forMs: expect.closeTo(1501, 0),
      },
    ]);
    await settled();
  });
});
