import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import type { EventName } from '../../lib/monitor/events.js';
import { ManualClock, settled } from './manual-clock.js';
import { failing, type RecordedSource, record } from './recorded.js';

let source: RecordedSource;
let clock: ManualClock;
const lines: [level: 'error' | 'info', message: string][] = [];
const logger = {
  error: (message: string) => lines.push(['error', message]),
  info: (message: string) => lines.push(['info', message]),
};

beforeAll(async () => {
  source = await record();
});
beforeEach(() => {
  source.instead = () => undefined;
  clock = new ManualClock();
  lines.length = 0;
});

const create = () =>
  createGpuProbeOn({ clock, open: source.open, count: () => new Promise(() => {}) }, { logger });
const fail = (code: number) => {
  source.instead = ({ kind }) =>
    kind === 'telemetry' ? Promise.resolve(failing('nvml.init', code)) : undefined;
};

describe('the log', () => {
  it('has one loud line when monitoring breaks, one when it works again, and none between', async () => {
    const gpu = create();
    await clock.advance(10_000);
    expect(lines).toEqual([]);
    fail(999);
    await clock.advance(600_000);
    fail(9); // for another reason: no further line
    await clock.advance(824_000);
    source.instead = () => undefined;
    await clock.advance(60_000);
    expect(lines.map(([level]) => level)).toEqual(['error', 'info']);
    expect(lines[0]?.[1]).toMatch(
      /^\[SIMULATED\] GPU MONITORING DOES NOT WORK: nvml\.init \(telemetry\): 999 NVML_ERROR_UNKNOWN/,
    );
    expect(lines[1]?.[1]).toMatch(
      /GPU monitoring works again, after 23 min 44 s \(since 2026-03-01T12:16:52\.000Z\)/,
    );
    await gpu.close();
  });

  it('is told of a listener that throws or rejects, which stops nothing', async () => {
    const gpu = create();
    const seen: string[] = [];
    gpu.on('verdict', () => {
      throw new Error('a listener with a bug');
    });
    gpu.on('verdict', async () => {
      throw new Error('an asynchronous one');
    });
    gpu.on('verdict', ({ verdict }) => seen.push(verdict));
    await clock.advance(1);
    expect(seen).toEqual(['ok']);
    await settled();
    expect(lines.map(([, message]) => message.split('\n')[0])).toEqual([
      "a listener for the event 'verdict' of gpuprobe threw: Error: a listener with a bug",
      "a listener for the event 'verdict' of gpuprobe threw: Error: an asynchronous one",
    ]);
    await clock.advance(10_000);
    expect(gpu.latest().ageMs).toBeLessThanOrEqual(2000);
    await gpu.close();
  });
});

describe('events', () => {
  it('tell what is found, what is no more, and the verdict when it changes; each with its time', async () => {
    const gpu = create();
    const told: string[] = [];
    for (const name of ['finding', 'recovered', 'verdict', 'monitoring'] as const) {
      gpu.on(name, (event) => {
        if (event.type === 'finding') told.push(`+${event.finding.id}`);
        if (event.type === 'recovered') told.push(`-${event.finding.id} after ${event.lastedMs}`);
        if (event.type === 'verdict') told.push(`${event.previous} > ${event.verdict}`);
        if (event.type === 'monitoring') told.push(`works ${event.works}`);
        expect(event.at).toMatch(/^2026-03-01T12:/);
        expect(event).toMatchObject({ simulated: true, scenarioTime: null });
      });
    }
    await clock.advance(5000);
    fail(999);
    await clock.advance(8000);
    source.instead = () => undefined;
    await clock.advance(4000);
    expect(told).toEqual(
      [
        'null > ok',
        'works true',
        '+nvml-init-failed',
        '+cuda-nvml-disagree',
        '+fresh-warm-disagree',
        'ok > failed',
        'works false',
        '-nvml-init-failed after 8000',
        '-cuda-nvml-disagree after 8000',
        '-fresh-warm-disagree after 8000',
        'failed > ok',
        'works true',
      ].filter((line) => told.includes(line)),
    );
    expect(told).toContain('+nvml-init-failed');
    expect(told).toContain('-nvml-init-failed after 8000');
    await gpu.close();
    fail(999);
    const before = told.length;
    await clock.advance(60_000);
    expect(told).toHaveLength(before);
  });

  it('end with off()', async () => {
    const gpu = create();
    let reports = 0;
    const count = () => reports++;
    gpu.on('report', count);
    await clock.advance(4001);
    const before = reports;
    expect(before).toBeGreaterThan(1);
    gpu.off('report', count);
    await clock.advance(10_000);
    expect(reports).toBe(before);
    await gpu.close();
  });

  it('go to diagnostics_channel as well', async () => {
    const told: EventName[] = [];
    const hear = (message: unknown) => told.push((message as { type: EventName }).type);
    subscribe('gpuprobe:verdict', hear);
    subscribe('gpuprobe:monitoring', hear);
    const gpu = create();
    await clock.advance(1);
    expect(told).toEqual(['verdict', 'monitoring']);
    unsubscribe('gpuprobe:verdict', hear);
    unsubscribe('gpuprobe:monitoring', hear);
    await gpu.close();
  });

  it('of the driver are told, make it look at once, and stand in the next report', async () => {
    const gpu = create();
    const told: unknown[] = [];
    gpu.on('xid', ({ xid }) => told.push([xid.code, xid.device]));
    await clock.advance(2500);
    expect(gpu.latest().report?.xids).toEqual([]);
    const canaries = source.times('freshNvml');
    source.tell?.({ kind: 'xid', code: 79, device: 'GPU-x', simulated: true });
    source.tell?.({ kind: 'xid', code: 31, device: '', simulated: true });
    expect(told).toEqual([
      [79, 'GPU-x'],
      [31, null],
    ]);
    await clock.advance(1);
    expect(source.times('freshNvml')).toBe(canaries + 1);
    expect(gpu.latest().report?.xids?.map(({ code }) => code)).toEqual([79, 31]);
    // Once there are later readings they are history.
    await clock.advance(2000);
    expect(gpu.latest().report?.xids).toEqual([]);
    for (let i = 0; i < 1000; i++) source.tell?.({ kind: 'xid', code: 13, device: '', simulated: true });
    await clock.advance(1);
    expect(gpu.latest().report?.xids).toHaveLength(64);
    await gpu.close();
  });
});
