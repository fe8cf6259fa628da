import { afterEach, describe, expect, it } from 'vitest';
import { createGpuProbe, createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import type { GpuProbe } from '../../lib/monitor/gpu-probe.js';
import type { GpuProbeOptions } from '../../lib/monitor/options.js';
import { readMachine, startMachine } from '../../lib/sim/machine.js';
import { ManualClock } from './manual-clock.js';
import { failing, record } from './recorded.js';

const opened: GpuProbe[] = [];
afterEach(async () => {
  for (const gpu of opened.splice(0)) await gpu.close();
});
function open(options: GpuProbeOptions): GpuProbe {
  const gpu = createGpuProbe({ logger: false, ...options });
  opened.push(gpu);
  return gpu;
}

describe('check()', () => {
  it('is one round trip to the driver for ten thousand callers at once, and none within the TTL', async () => {
    const simulate = { scenario: 'busy-8gpu' };
    // Nothing but what is asked for: no look of its own for an hour.
    const hour = 3_600_000;
    const gpu = open({
      simulate,
      ttlMs: 50,
      intervalMs: hour,
      listsIntervalMs: hour,
      canaryIntervalMs: hour,
    });
    await gpu.check();
    const calls = () => readMachine(startMachine(simulate)).calls;
    await new Promise((resolve) => setTimeout(resolve, 60));
    const before = calls();
    await gpu.check();
    const one = calls().nvml - before.nvml;
    expect(one).toBeGreaterThan(100);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const again = calls();
    const reports = await Promise.all(Array.from({ length: 10_000 }, () => gpu.check()));
    expect(new Set(reports).size).toBe(1);
    expect(calls()).toEqual({ nvml: again.nvml + one, cuda: again.cuda });
  });

  it('gives the first report whole, canaries included', async () => {
    const report = await open({ simulate: 'idle' }).check();
    expect(report.verdict).toBe('ok');
    expect(Object.values(report.parts)).not.toContain(null);
    expect(
      report.checks.filter(({ id }) => id === 'cuda.context').map(({ outcome }) => outcome),
    ).not.toContain('skipped');
  });

  it('keeps failures for a TTL of their own', async () => {
    const source = await record();
    const clock = new ManualClock();
    const slow = { intervalMs: 3_600_000, canaryIntervalMs: 3_600_000, listsIntervalMs: 3_600_000 };
    const gpu = createGpuProbeOn(
      { clock, open: source.open },
      { logger: false, ttlMs: 2000, failureTtlMs: 500, ...slow },
    );
    opened.push(gpu);
    await clock.advance(1);
    const looks = async (passMs: number) => {
      const before = source.times('telemetry');
      await clock.advance(passMs);
      await gpu.check();
      return source.times('telemetry') - before;
    };
    await gpu.check();
    expect(await looks(1990)).toBe(0);
    expect(await looks(20)).toBe(1);
    source.instead = ({ kind }) =>
      kind === 'telemetry' ? Promise.resolve(failing('nvml.init', 999)) : undefined;
    expect(await looks(2010)).toBe(1);
    expect(await looks(490)).toBe(0);
    expect(await looks(20)).toBe(1);
  });

  it.each(['all-zeros', 'hang-nvml-init', 'gpu-lost', 'crash-cuda-context', 'no-driver', 'garbage'])(
    'resolves however sick the GPU is: %s',
    async (scenario) => {
      const report = await open({ simulate: scenario, deadlineMs: 700 }).check();
      expect(report.verdict).not.toBe('ok');
    },
  );

  it('rejects with a code where gpuprobe itself cannot work, and says so in latest()', async () => {
    const gpu = open({ simulate: 'no-such-scenario' });
    await expect(gpu.check()).rejects.toMatchObject({ code: 'ERR_GPUPROBE_SCENARIO_UNKNOWN' });
    expect(gpu.latest().monitoring).toMatchObject({
      works: false,
      because: expect.stringContaining('no-such'),
    });
    expect(gpu.latest().report).toBeNull();
  });

  it('is rejected by close(), as is whoever comes later; nobody waits for a hung driver', async () => {
    const gpu = open({ simulate: 'hang-nvml-read', deadlineMs: 60_000 });
    const waiting = [gpu.check(), gpu.check()].map((promise) =>
      expect(promise).rejects.toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await gpu.close();
    await Promise.all(waiting);
    await expect(gpu.check()).rejects.toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' });
    await gpu.close();
  });

  it('works on one thread of this process too, where there are no events', async () => {
    const gpu = open({ simulate: 'idle', isolation: 'thread', intervalMs: 20, ttlMs: 0 });
    const first = await gpu.check();
    expect(first).toMatchObject({ verdict: 'ok', xids: null });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(gpu.latest()).toMatchObject({ consecutiveFailures: 0, monitoring: { works: true } });
    expect(gpu.latest().report?.takenAt).not.toBe(first.takenAt);
    expect(gpu.latest().report?.xids).toBeNull();
  });
});

describe('createGpuProbe()', () => {
  it.each([
    [{ ttlMs: -1 }, 'ttlMs must be an integer from 0 to 86400000, not -1'],
    [{ intervalMs: 0 }, 'intervalMs must be an integer from 10'],
    [{ canaryIntervalMs: Number.NaN }, 'canaryIntervalMs must be an integer'],
    [{ logger: { error: 1 } }, 'logger must be an object with the functions error and info, or false'],
    [{ ttl: 5 }, 'unknown option ttl; allowed: deadlineMs'],
    [{ checks: [] }, 'checks must be a list'],
  ])('refuses %j with a coded error that says what is allowed', (options, message) => {
    expect(() => createGpuProbe(options as object)).toThrow(
      expect.objectContaining({
        code: 'ERR_GPUPROBE_INVALID_OPTION',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('refuses an event that there is not', () => {
    const gpu = open({ simulate: 'idle' });
    expect(() => gpu.on('verdicts' as 'verdict', () => {})).toThrow(
      /no event is called "verdicts"; there are verdict/,
    );
    expect(() => gpu.on('verdict', undefined as never)).toThrow(
      /a listener for 'verdict' must be a function/,
    );
  });

  it('can be disposed of', async () => {
    const gpu = open({ simulate: 'idle' });
    await gpu[Symbol.asyncDispose]();
    await expect(gpu.check()).rejects.toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' });
  });
});
