import { describe, expect, it } from 'vitest';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import type { XidEvent } from '../../lib/probe/report.js';
import { changeMachine, startMachine } from '../../lib/sim/machine.js';
import { eventually } from '../support/processes.js';

const GPU0 = 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01';

describe('an Xid', () => {
  it('is heard from the driver, in a container too, and after the wait for it has failed', async () => {
    const simulate = { scenario: 'healthy', speed: 1.75 };
    const change = (wanted: object) => changeMachine(startMachine(simulate), wanted);
    const gpu = createGpuProbe({ simulate, logger: false, intervalMs: 50, maxBackoffMs: 50 });
    const heard: XidEvent[] = [];
    const reported: XidEvent[] = [];
    gpu.on('xid', ({ xid }) => heard.push(xid));
    gpu.on('report', ({ report }) => reported.push(...(report.xids ?? [])));
    await gpu.check();
    expect(await eventually(() => gpu.latest().report?.xids?.length === 0)).toBe(true);
    change({ devices: [{ xid: 79 }] });
    expect(await eventually(() => heard.length === 1)).toBe(true);
    expect(heard[0]).toEqual({ code: 79, device: GPU0, at: expect.stringMatching(/^20\d\d-.*Z$/) });
    expect(await eventually(() => reported.some(({ code }) => code === 79))).toBe(true);
    // The wait ends with an error; nobody hears, until it is begun again.
    change({ devices: [{ xid: 13 }], faults: [{ function: 'nvmlEventSetWait_v2', return: 999 }] });
    await new Promise((resolve) => setTimeout(resolve, 500));
    change({ faults: [] });
    const before = heard.length;
    // It is begun again after a second, and what happened meanwhile is not told.
    let xid = 30;
    const told = await eventually(() => {
      xid++;
      change({ devices: [{}, { xid }] });
      return heard.length > before;
    });
    expect(told).toBe(true);
    expect(gpu.latest().consecutiveFailures).toBe(0);
    // An Xid makes the canaries come sooner: one may be under way.
    expect(await eventually(() => gpu.latest().pending.length === 0)).toBe(true);
    await gpu.close();
  });

  it('is told once each time that it becomes another one, and is in the next report', async () => {
    const simulate = { scenario: 'healthy', speed: 1.875 };
    const gpu = createGpuProbe({ simulate, logger: false, intervalMs: 50 });
    let told = 0;
    const reported: XidEvent[] = [];
    gpu.on('report', ({ report }) => reported.push(...(report.xids ?? [])));
    gpu.on('xid', () => told++);
    await gpu.check();
    expect(await eventually(() => gpu.latest().report?.xids !== null)).toBe(true);
    for (const xid of [48, 63, 94]) {
      changeMachine(startMachine(simulate), { devices: [{ xid }] });
      expect(await eventually(() => reported.at(-1)?.code === xid)).toBe(true);
    }
    expect(told).toBe(3);
    await gpu.close();
  });
});
