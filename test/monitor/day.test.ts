import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import { ManualClock } from './manual-clock.js';
import { failing, record } from './recorded.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const usedAfterCollection = () => {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
};

const HOUR_MS = 3_600_000;
/** What may be there more after the second half of the day than after the first: nothing that grows with looks. */
const SLACK_BYTES = 1_500_000;

describe('a day of monitoring', () => {
  it('24 hours in compressed time: as many looks as there should be, and memory that does not grow', async () => {
    const source = await record();
    const clock = new ManualClock();
    const deps = { clock, open: source.open, count: () => new Promise<never>(() => {}) };
    const options = {
      logger: false as const,
      ttlMs: 10_000,
      listsIntervalMs: 30_000,
      canaryIntervalMs: 60_000,
    };
    const gpu = createGpuProbeOn(deps, options);
    let reports = 0;
    gpu.on('report', () => reports++);
    let checks = 0;
    const used: number[] = [];
    for (let hour = 0; hour < 24; hour++) {
      // A quarter of an hour of each without NVML, and whoever asks by check() each minute.
      for (let minute = 0; minute < 60; minute++) {
        source.instead = ({ kind }) =>
          minute < 15 && kind === 'telemetry' ? Promise.resolve(failing('nvml.init', 999)) : undefined;
        await clock.advance(HOUR_MS / 60);
        await gpu.check();
        checks++;
      }
      source.asked.length = 0;
      if (hour === 11 || hour === 23) used.push(usedAfterCollection());
    }
    expect(checks).toBe(1440);
    // Telemetry every 10 s; canaries every minute, and whenever NVML came or went.
    expect(reports).toBeGreaterThan(24 * 360);
    expect(reports).toBeLessThan(24 * (360 + 60 + 10));
    expect(clock.timers).toBe(1);
    expect((used[1] ?? 0) - (used[0] ?? 0)).toBeLessThan(SLACK_BYTES);
    expect(gpu.latest()).toMatchObject({ state: 'fresh', monitoring: { works: true } });
    await gpu.close();
    expect(clock.timers).toBe(0);
  });
});
