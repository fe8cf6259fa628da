import { describe, expect, it } from 'vitest';
import { CALLS, callsPerSecond } from '../../lib/monitor/budget.js';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import type { ProbeKind } from '../../lib/native/kinds.js';
import { openSource, type Question } from '../../lib/native/source.js';
import { changeMachine, readMachine, startMachine } from '../../lib/sim/machine.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The published budget, against calls that the simulated driver counts. */
describe('the budget of driver calls', () => {
  it.each([
    ['healthy', 2, 3],
    ['idle', 2, 0],
    ['busy-8gpu', 8, 8],
  ])(
    'is kept by each part of a look, and is no more than half as much again: %s',
    async (scenario, gpus, processes) => {
      const machine = startMachine({ scenario, speed: 1.5 });
      const source = openSource({ inThread: false, libraryPath: '', machine });
      const total = () => Object.values(readMachine(machine).calls).reduce((sum, calls) => sum + calls, 0);
      const ask = (kind: ProbeKind, more: Partial<Question> = {}) =>
        source.ask({ kind, softMs: 5000, hardMs: 60_000, ...more });
      const counted = async (body: () => Promise<unknown>) => {
        const before = total();
        await body();
        return total() - before;
      };
      const canary = async () => {
        await ask('freshNvml');
        await ask('freshCuda', { history: true });
        for (const { uuid } of source.snapshots.read()?.devices ?? []) {
          for (const kind of ['warmInit', 'warmContext', 'freshContext'] as const)
            await ask(kind, { device: uuid.value });
        }
      };
      await ask('telemetry', { lists: true, history: true });
      await canary();
      const telemetry = await counted(() => ask('telemetry', { history: true }));
      const lists = (await counted(() => ask('telemetry', { lists: true, history: true }))) - telemetry;
      const canaries = await counted(canary);
      for (const [calls, budget] of [
        [telemetry, CALLS.telemetry.gpu * gpus],
        [lists, CALLS.lists.gpu * gpus + CALLS.lists.process * processes],
        [canaries, CALLS.canary.machine + CALLS.canary.gpu * gpus],
      ] as const) {
        expect(calls).toBeLessThanOrEqual(budget);
        expect(calls).toBeGreaterThan(budget / 1.5);
      }
    },
  );

  it('is kept by a monitor over time', async () => {
    const simulate = { scenario: 'healthy', speed: 1.25 };
    const cadence = { intervalMs: 100, listsIntervalMs: 300, canaryIntervalMs: 600 };
    const gpu = createGpuProbe({ simulate, logger: false, ttlMs: 100, ...cadence });
    await gpu.check();
    const calls = () => readMachine(startMachine(simulate)).calls;
    const [before, began] = [calls(), performance.now()];
    const perSecond = callsPerSecond({ gpus: 2, processes: 3, ...cadence });
    // One look of each kind may be under way at either end.
    const burst = callsPerSecond({
      gpus: 2,
      processes: 3,
      intervalMs: 1000,
      listsIntervalMs: 1000,
      canaryIntervalMs: 1000,
    });
    const counted = () => calls().nvml - before.nvml + calls().cuda - before.cuda;
    // Time enough for looks of each kind, however slow the machine is.
    await expect.poll(counted).toBeGreaterThan(2 * burst);
    const all = counted();
    const seconds = (performance.now() - began) / 1000;
    expect(all).toBeLessThanOrEqual(perSecond * seconds + burst);
    await gpu.close();
  });

  it('is nothing for a GPU that sleeps, whose readings are null with that reason, until it is awake', async () => {
    const simulate = { scenario: 'healthy', speed: 1.125 };
    const sleep = (asleep: boolean) =>
      changeMachine(startMachine(simulate), { devices: [{ asleep }, { asleep }] });
    const gpu = createGpuProbe({
      simulate,
      logger: false,
      ttlMs: 0,
      intervalMs: 20,
      canaryIntervalMs: 50,
      listsIntervalMs: 50,
    });
    const calls = () => readMachine(startMachine(simulate)).calls;
    await gpu.check();
    sleep(true);
    await gpu.check();
    await pause(300);
    const before = calls();
    await pause(500);
    expect(calls()).toEqual(before);
    const { report, monitoring } = gpu.latest();
    expect(monitoring.works).toBe(true);
    expect(report?.devices.map(({ uuid }) => uuid)).not.toContain(null);
    expect(report?.devices[0]?.memory.usedBytes).toBeNull();
    expect(report?.devices[0]?.unavailable['memory.usedBytes']).toEqual({ code: null, name: 'GPU_ASLEEP' });
    expect(report?.findings).toEqual([]);
    const asked = report?.checks.filter(({ id }) => id === 'nvml.telemetry' || id === 'cuda.context');
    expect(asked?.map(({ outcome, name }) => `${outcome} ${name}`)).toEqual(
      Array(asked?.length).fill('skipped GPU_ASLEEP'),
    );
    sleep(false);
    await pause(300);
    expect((await gpu.check()).devices[0]?.memory.usedBytes).toBeGreaterThan(0);
    const canaries = () => gpu.latest().canary.outcomes.map(({ outcome }) => outcome);
    await expect.poll(canaries).toEqual(Array(4).fill('ok'));
    await gpu.close();
  });

  it('is nothing for GPUs that sleep as the monitor begins, and does not become a verdict', async () => {
    const simulate = { scenario: 'healthy', speed: 1.0625 };
    changeMachine(startMachine(simulate), { devices: [{ asleep: true }, { asleep: true }] });
    const gpu = createGpuProbe({ simulate, logger: false });
    const report = await gpu.check();
    expect(readMachine(startMachine(simulate)).calls).toEqual({ nvml: 0, cuda: 0 });
    expect(report).toMatchObject({ verdict: 'unknown', devices: [] });
    expect(gpu.latest().monitoring.works).toBeNull();
    await gpu.close();
  });
});
