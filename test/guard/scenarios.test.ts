import { describe, expect, it } from 'vitest';
import { createGuard } from '../../lib/guard/create-guard.js';
import type { GuardOptions } from '../../lib/guard/options.js';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import type { GpuProbeOptions } from '../../lib/monitor/options.js';
import { deviceId } from '../../lib/probe/device-id.js';
import type { Device } from '../../lib/probe/report.js';
import { probe } from '../../lib/probe.js';

/** What the guard answers to the first session on each of the simulated machines, through the real monitor. */
async function answer(simulate: string, options: Partial<GuardOptions> = {}, watch: GpuProbeOptions = {}) {
  await using gpu = createGpuProbe({ simulate, logger: false, deadlineMs: 500, ...watch });
  await using guard = createGuard(gpu, { maxSessions: 5, ...options });
  const said = await guard.acquire({ id: 'a' }).then(
    () => 'admitted',
    (error) => (error.limit === 'health' ? guard.status().breaker.fault?.id : (error.limit ?? error.code)),
  );
  return { said, dark: guard.status().monitoring.dark !== null };
}

describe('the first session', () => {
  const table: [string, string | undefined, boolean][] = [
    ['healthy', 'admitted', false],
    ['idle', 'admitted', false],
    ['busy-8gpu', 'admitted', false],
    ['old-driver', 'admitted', false],
    ['exit-deadlock', 'admitted', false],
    // NVML is blind, and CUDA works: sessions are counted.
    ['nvml-unknown-error', 'admitted', true],
    ['all-zeros', 'admitted', true],
    // Nobody could look whether one would start.
    ['no-driver', 'canary-age', true],
    ['driver-mismatch', 'driver-mismatch', true],
    ['access-revoked', 'device-access-revoked', true],
    ['gpu-lost', 'gpu-lost', false],
    ['cuda-not-permitted', 'cuda-context-refused', false],
    // A warning of the report's, and no session would start.
    ['cuda-out-of-memory', 'cuda.context', false],
    ['hang-nvml-init', 'driver-unresponsive', true],
    ['hang-cuda-context', 'driver-unresponsive', false],
    ['crash-cuda-context', 'driver-crashed', false],
  ];
  it.each(table)('on %s: %s', async (scenario, said, dark) => {
    expect(await answer(scenario)).toEqual({ said, dark });
  });

  it('on a GPU of its own is none of another one, which is lost, and none of one that is not there', async () => {
    const { devices } = await probe({ simulate: 'gpu-lost' });
    const [well, lost] = ['well', 'lost'].map((what) =>
      devices.find((device) => (device.memory.totalBytes === null) === (what === 'lost')),
    );
    expect(await answer('gpu-lost', { device: deviceId(well as Device) })).toMatchObject({
      said: 'admitted',
    });
    expect(await answer('gpu-lost', { device: deviceId(lost as Device) })).toMatchObject({
      said: 'gpu-lost',
    });
    expect(await answer('healthy', { device: 'GPU-none' })).toMatchObject({ said: 'devices-missing' });
  });

  it('is refused beside one sick GPU of several, unless it is for a GPU that is well', async () => {
    const scenario = new URL('scenarios/handle-999-cuda-ok.json', import.meta.url).pathname;
    expect(await answer(scenario)).toEqual({ said: 'device-unreadable', dark: false });
    const { devices } = await probe({ simulate: scenario });
    const [well] = devices.filter(({ uuid }) => uuid !== null);
    expect(await answer(scenario, { device: deviceId(well as Device) })).toMatchObject({ said: 'admitted' });
  });

  it('is admitted by a monitor that leaves CUDA alone, as long as NVML starts afresh', async () => {
    const checks = ['nodes', 'nvml'] as const;
    expect(await answer('healthy', {}, { checks })).toMatchObject({ said: 'admitted' });
    expect(await answer('nvml-unknown-error', {}, { checks })).toMatchObject({ said: 'canary-age' });
  });
});
