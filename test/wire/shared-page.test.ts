import { describe, expect, it, vi } from 'vitest';
import { openSource, type Question } from '../../lib/native/source.js';
import { probe } from '../../lib/probe.js';
import { startMachine } from '../../lib/sim/machine.js';

const ask = { kind: 'telemetry', softMs: 20_000, hardMs: 60_000 } satisfies Question;

describe('the shared page', () => {
  it('has no snapshot before one was taken', () => {
    const { snapshots } = openSource({
      inThread: false,
      libraryPath: '',
      machine: startMachine({ scenario: 'idle' }),
    });
    expect(snapshots.read()).toBeNull();
    expect(snapshots.ageMs).toBeNaN();
    expect(snapshots.inCallMs).toBeNaN();
  });

  it('gives the same object until there is a new snapshot, and its age', async () => {
    const source = openSource({
      inThread: false,
      libraryPath: '',
      machine: startMachine({ scenario: 'healthy' }),
    });
    await source.ask(ask);
    const first = source.snapshots.read();
    expect(first?.devices).toHaveLength(2);
    expect(source.snapshots.ageMs).toBeGreaterThanOrEqual(0);
    expect(source.snapshots.read()).toBe(first);
    await source.ask({ ...ask, lists: true });
    const second = source.snapshots.read();
    expect(second).not.toBe(first);
    expect(second?.generation).toBe((first?.generation ?? 0) + 1);
    expect(second?.devices.map((device) => device.processes.value.length)).toEqual([2, 1]);
    expect(second?.devices.map((device) => device.name.value)).toEqual(
      first?.devices.map((device) => device.name.value),
    );
  });

  it('tells that its process is in a call, and for how long, without a message', async () => {
    const source = openSource({
      inThread: false,
      libraryPath: '',
      machine: startMachine({ scenario: 'hang-nvml-init' }),
    });
    const { checks } = await source.ask({ ...ask, softMs: 300 });
    expect(checks.map((check) => check.outcome)).toContain('timeout');
    expect(source.snapshots.read()).toBeNull();
    const forMs = () => source.snapshots.currentCall()?.forMs ?? Number.NaN;
    await expect.poll(forMs).toBeGreaterThan(0);
    const first = { forMs: forMs(), at: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, 20));
    const passedMs = performance.now() - first.at;
    expect(forMs()).toBeGreaterThanOrEqual(first.forMs + passedMs);
  });

  it('that is no snapshot is no reading, and never a machine that is well', async () => {
    const { snapshots } = openSource({
      inThread: false,
      libraryPath: '',
      machine: startMachine({ scenario: 'healthy' }),
    });
    const read = vi.spyOn(snapshots, 'read').mockReturnValue(null);
    const report = await probe({ simulate: 'healthy' });
    read.mockRestore();
    expect(report.verdict).toBe('unknown');
    expect(report.checks.filter((check) => check.id === 'nvml.telemetry')).toMatchObject([
      { outcome: 'not-probed', name: 'SNAPSHOT_MALFORMED' },
    ]);
  });

  it('is one page for all who open the same source', () => {
    const options = { inThread: false, libraryPath: '', machine: startMachine({ scenario: 'healthy' }) };
    expect(openSource(options)).toBe(openSource(options));
  });
});
