import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProbeOptions } from '../../lib/probe/options.js';
import type { Finding, Report } from '../../lib/probe/report.js';
import { probe } from '../../lib/probe.js';
import { readMachine, startMachine } from '../../lib/sim/machine.js';
import { loadScenario } from '../../lib/sim/scenario.js';
import type { Simulation } from '../../lib/sim/simulation.js';

/** The incidents, looked at again and again as a service would: what is said, how sure, and how early. */

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-incidents-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Scenario seconds to the second, and between two checks: a canary's interval. */
const SPEED = 60;
const EVERY_SECONDS = 30;

interface Incident {
  simulation: Simulation;
  /** Scenario time, in seconds from the beginning. */
  nvmlFails: number;
  crash: number;
  options?: ProbeOptions;
}

interface Checked {
  report: Report;
  /** When it was begun and done, as `nvmlFails`. */
  from: number;
  to: number;
}

const critical = (report: Report) => report.findings.filter(({ severity }) => severity === 'critical');

/** Checks until two critical reports are in, or the crash. */
async function watch({ simulation, crash, options }: Incident): Promise<Checked[]> {
  const machine = startMachine(simulation);
  const now = () => readMachine(machine).elapsedSeconds;
  const looks: Checked[] = [];
  for (let next = now(); next < crash; next += EVERY_SECONDS) {
    await sleep(Math.max(0, ((next - now()) / SPEED) * 1000));
    const from = now();
    const report = await probe({ ...options, simulate: simulation });
    looks.push({ report, from, to: now() });
    if (looks.filter((look) => critical(look.report).length > 0).length === 2) break;
  }
  return looks;
}

/** Nothing before NVML fails; something critical within two checks of it, before the crash. Returns the last report. */
function expectEarly(looks: readonly Checked[], { nvmlFails, crash }: Incident): Report {
  const before = looks.filter(({ to }) => to < nvmlFails);
  expect(before.length).toBeGreaterThan(0);
  for (const { report } of before)
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  const after = looks.filter(({ from }) => from >= nvmlFails);
  const first = after.findIndex(({ report }) => critical(report).length > 0);
  expect([0, 1]).toContain(first);
  expect(after[first]?.to).toBeLessThan(crash);
  const last = looks.at(-1)?.report as Report;
  expect(last.verdict).toBe('failed');
  return last;
}

const of = (report: Report, id: string) => report.findings.find((finding) => finding.id === id);
const causes = (findings: readonly Finding[]) => findings.flatMap(({ inferred }) => inferred);
const words = (report: Report) => JSON.stringify(report.findings);

/** The time of day as seconds from the beginning of the scenario. */
function clock(scenario: string, time: string): number {
  const seconds = (text: string) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return seconds(time) - seconds(loadScenario(scenario).startsAt ?? '');
}

const NOVEMBER = 'wolf-2025-11-05';
const TIMES = { nvmlFails: clock(NOVEMBER, '12:28:30'), crash: clock(NOVEMBER, '12:35:00') };

/** November with another cause, which begins at the same moment; a context costs as much as the larger ones do. */
function november(name: string, set: object): Simulation {
  const path = join(folder, `${name}.json`);
  const timeline = [{ at: '12:28:30', set }];
  const devices = [{ contextBytes: 555 * 2 ** 20 }];
  writeFileSync(path, JSON.stringify({ description: 'A test.', extends: NOVEMBER, devices, timeline }));
  return { scenario: path, speed: SPEED, from: '12:27:40' };
}

describe('the incident of November', () => {
  it('with the nodes in sight: access was lost, likely, and nothing else', async () => {
    const incident = { ...TIMES, simulation: { scenario: NOVEMBER, speed: SPEED, from: '12:27:40' } };
    const report = expectEarly(await watch(incident), incident);
    expect(report.findings.map(({ id }) => id)).toEqual(['device-access-revoked']);
    const [finding] = report.findings;
    expect(finding?.observed).toContain('/dev/nvidiactl: EPERM (1) on access(R_OK|W_OK)');
    expect(finding?.observed.join('\n')).toMatch(/nvml\.init \(fresh\): 999/);
    expect(finding?.observed.join('\n')).toMatch(/cuda\.context \(warm, GPU-.*\): 800/);
    // Out of a container, that it was systemd's reload is possible only: that a cgroup refuses stays likely.
    const { container } = report.host;
    const lost = finding?.inferred.find(({ cause }) => cause.includes('taken away'));
    expect(lost?.confidence).toBe(container ? 'likely' : 'possible');
    expect(finding?.inferred[0]?.confidence).toBe('likely');
    expect(finding?.inferred[0]?.because).toContain('EPERM for a device cgroup');
    // The host's view of that day: nothing was exhausted.
    expect(words(report)).not.toMatch(/exhaust|out of memory/i);
  });

  it('with the codes alone: lost access is possible, and what would decide it is said', async () => {
    const faults = [
      { function: 'nvmlInit_v2', return: 999 },
      { function: 'cuCtxCreate_v2', return: 800 },
    ];
    const incident = { ...TIMES, simulation: november('codes', { faults }) };
    const report = expectEarly(await watch(incident), incident);
    expect(of(report, 'device-access-revoked')).toBeUndefined();
    expect(critical(report).map(({ id }) => id)).toEqual(['nvml-init-failed', 'cuda-context-refused']);
    expect(report.host.deviceNodes.every(({ code }) => code === null)).toBe(true);
    const about = causes(report.findings).filter(({ cause }) => /access|open|refused/.test(cause));
    expect(about.length).toBeGreaterThan(0);
    expect(about.map(({ confidence }) => confidence)).toEqual(about.map(() => 'possible'));
    for (const id of ['nvml-init-failed', 'cuda-context-refused', 'fresh-warm-disagree']) {
      expect(of(report, id)?.remedy.join('\n'), id).toMatch(/To decide it, .*strace.*EPERM/);
    }
    expect(of(report, 'fresh-warm-disagree')?.remedy.join('\n')).toContain('Sessions that run now go on');
  });

  it('as true exhaustion: out of memory, likely, and no word of lost access', async () => {
    const [device] = loadScenario(NOVEMBER).devices;
    const { totalBytes = 0, reservedBytes = 0 } = device?.memory ?? {};
    const memory = { usedBytes: Math.round(totalBytes * 0.98) - reservedBytes };
    const faults = [{ function: 'nvmlInit_v2', return: 999 }];
    const simulation = november('exhaustion', { devices: [{ memory, processes: [] }], faults });
    // Without a reserve, so that the context is tried and its answer seen.
    const incident = { ...TIMES, simulation, options: { contextReserveBytes: 0 } };
    const report = expectEarly(await watch(incident), incident);
    expect(report.checks).toContainEqual(expect.objectContaining({ id: 'cuda.context', code: 2 }));
    expect(report.findings.map(({ id }) => id)).toEqual([
      'nvml-init-failed',
      'fresh-warm-disagree',
      'cuda-out-of-memory',
    ]);
    expect(words(report)).not.toMatch(/revoked|refused|EPERM|taken away|access to/);
    expect(of(report, 'nvml-init-failed')?.inferred).toMatchObject([{ confidence: 'likely' }]);
    expect(words(report)).toMatch(/15\.\d of 16\.0 GiB used/);

    const cautious = await probe({ simulate: simulation });
    expect(cautious.findings.map(({ id }) => id)).toContain('memory-low');
    expect(words(cautious)).not.toContain('revoked');
  });
});

describe('the incident of October', () => {
  it('is seen before the client launches', async () => {
    const scenario = 'wolf-2025-10-02';
    const incident = {
      simulation: { scenario, speed: SPEED, from: '06:38:40' },
      nvmlFails: clock(scenario, '06:39:30'),
      crash: clock(scenario, '06:40:11'),
    };
    const looks = await watch(incident);
    const report = expectEarly(looks, incident);
    expect(report.findings.map(({ id }) => id)).toEqual(['device-access-revoked']);
  });
});
