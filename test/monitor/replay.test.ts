import { describe, expect, it } from 'vitest';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import type { GpuProbeEvents } from '../../lib/monitor/events.js';
import type { GpuProbeOptions } from '../../lib/monitor/options.js';
import { changeMachine, startMachine } from '../../lib/sim/machine.js';

/** Incidents through the monitor, at speed: the simulated driver in real processes, and scenario time in the assertions. */

type Event = GpuProbeEvents[keyof GpuProbeEvents];

interface Replay {
  events: Event[];
  lines: [level: 'error' | 'info', message: string][];
  gpu: ReturnType<typeof createGpuProbe>;
  /** Waits until there is such an event. */
  until(holds: (event: Event) => boolean): Promise<Event>;
}

async function replay(options: GpuProbeOptions, body: (replay: Replay) => Promise<void>): Promise<void> {
  const events: Event[] = [];
  const lines: Replay['lines'] = [];
  const logger = {
    error: (message: string) => lines.push(['error', message]),
    info: (message: string) => lines.push(['info', message]),
  };
  const waiting = new Set<(event: Event) => void>();
  const gpu = createGpuProbe({ logger, ...options });
  for (const name of ['verdict', 'finding', 'recovered', 'monitoring', 'xid'] as const) {
    gpu.on(name, (event) => {
      events.push(event);
      for (const told of waiting) told(event);
    });
  }
  const until: Replay['until'] = (holds) => {
    const known = events.find(holds);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => {
      waiting.add((event) => holds(event) && resolve(event));
    });
  };
  await gpu.check();
  await body({ events, lines, gpu, until });
  await gpu.close();
}

const isMonitoring = (works: boolean) => (event: Event) =>
  event.type === 'monitoring' && event.works === works;

describe('November', () => {
  it('breaks once and recovers once, at its times; the warning stands minutes before the crash', async () => {
    const simulate = { scenario: 'wolf-2025-11-05', speed: 240, from: '12:27:00' };
    await replay(
      {
        simulate,
        intervalMs: 20,
        ttlMs: 20,
        listsIntervalMs: 100,
        canaryIntervalMs: 200,
        staleAfterMs: 2000,
      },
      async ({ events, lines, until }) => {
        const brokenAt = (await until(isMonitoring(false))).scenarioTime ?? '';
        // Nodes are refused from 12:28:30 on; the seventh lobby crashes at 12:35:00.
        expect(brokenAt >= '12:28:30' && brokenAt < '12:32:00', brokenAt).toBe(true);
        const again = await until(
          (event) => event.type === 'monitoring' && event.works && event.darkMs !== null,
        );
        expect((again.scenarioTime ?? '') >= '12:52:15', String(again.scenarioTime)).toBe(true);
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect(
          events.filter(({ type }) => type === 'monitoring').map((event) => 'works' in event && event.works),
        ).toEqual([true, false, true]);
        expect(lines.map(([level]) => level)).toEqual(['error', 'info']);
        expect(lines[0]?.[1]).toMatch(
          new RegExp(`^\\[SIMULATED ${brokenAt.slice(0, 5)}.*NOT WORK: /dev/nvidiactl: EPERM`),
        );
        const told = events.flatMap((event) =>
          event.type === 'finding' || event.type === 'recovered' ? [`${event.type} ${event.finding.id}`] : [],
        );
        expect(told).toContain('finding device-access-revoked');
        expect(told).toContain('recovered device-access-revoked');
        expect(events.findLast(({ type }) => type === 'verdict')).toMatchObject({
          verdict: 'ok',
          previous: 'failed',
        });
      },
    );
  });

  it.each(['healthy', 'idle', 'busy-8gpu'])('has no like on a healthy day: %s', async (scenario) => {
    const options = {
      intervalMs: 20,
      ttlMs: 20,
      listsIntervalMs: 40,
      canaryIntervalMs: 200,
      staleAfterMs: 5000,
    };
    await replay({ simulate: { scenario, speed: 3600 }, ...options }, async ({ events, lines }) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(events.map(({ type }) => type)).toEqual(['verdict', 'monitoring']);
      expect(events[0]).toMatchObject({ verdict: 'ok', previous: null });
      expect(lines).toEqual([]);
    });
  });
});

describe('readings that are none', () => {
  it('are found by the second look at the latest', async () => {
    const simulate = { scenario: 'idle', speed: 2 };
    await replay({ simulate, intervalMs: 300, canaryIntervalMs: 60_000 }, async ({ gpu, until, lines }) => {
      changeMachine(startMachine(simulate), { readings: 'zero' });
      let looks = 0;
      gpu.on('report', () => looks++);
      await until((event) => event.type === 'finding' && event.finding.id === 'readings-all-zero');
      expect(looks).toBeLessThanOrEqual(2);
      expect(gpu.latest().monitoring).toMatchObject({
        works: false,
        because: expect.stringContaining('readings-all-zero'),
      });
      expect(lines.map(([level]) => level)).toEqual(['error']);
      changeMachine(startMachine(simulate), { readings: 'real' });
      await until((event) => event.type === 'monitoring' && event.works && event.darkMs !== null);
      expect(lines.map(([level]) => level)).toEqual(['error', 'info']);
    });
  });
});

describe('readings of the past', () => {
  it('are found within two intervals, and are no monitoring', async () => {
    const simulate = { scenario: 'frozen' };
    await replay({ simulate, intervalMs: 1100, canaryIntervalMs: 60_000 }, async ({ gpu, until, lines }) => {
      const looks = new Set([gpu.latest().report?.takenAt]);
      gpu.on('report', ({ report }) => looks.add(report.takenAt));
      await until((event) => event.type === 'finding' && event.finding.id === 'readings-frozen');
      expect(looks.size).toBeLessThanOrEqual(3);
      expect(gpu.latest().monitoring).toMatchObject({ works: false });
      expect(lines.map(([level]) => level)).toEqual(['error']);
    });
  });
});

describe('a leak', () => {
  it('is found after eight sessions, with its slope', async () => {
    const simulate = { scenario: 'leak', speed: 100 };
    const options = {
      intervalMs: 25,
      ttlMs: 25,
      listsIntervalMs: 25,
      canaryIntervalMs: 60_000,
      staleAfterMs: 5000,
    };
    await replay({ simulate, ...options }, async ({ until, gpu }) => {
      const found = await until((event) => event.type === 'finding' && event.finding.id === 'memory-leak');
      if (found.type !== 'finding') throw new Error('no finding');
      const { finding } = found;
      expect(finding.severity).toBe('warning');
      const [, slope, sessions] =
        /\+(\d+) MiB per session over (\d+) sessions/.exec(finding.observed.join('\n')) ?? [];
      expect(Number(sessions)).toBeGreaterThanOrEqual(8);
      expect(Number(sessions)).toBeLessThanOrEqual(10);
      expect(Math.abs(Number(slope) - 212)).toBeLessThan(21.2);
      expect(finding.observed[0]).toMatch(/^sessions 0, \d+ MiB held$/);
      expect(finding.inferred[0]?.confidence).toBe('likely');
      expect(gpu.latest().report?.verdict).toBe('degraded');
      expect(gpu.latest().monitoring.works).toBe(true);
    });
  });
});
