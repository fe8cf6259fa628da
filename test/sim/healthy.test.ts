import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadScenario, type Scenario } from '../../lib/sim/scenario.js';
import { simulate } from '../support/cli.js';
import { schemaErrors } from '../support/schema.js';
import { expectedDevice } from './expected-device.js';

/** The same machine with every number and name changed. */
function changed(scenario: Scenario): Scenario {
  const copy = structuredClone(scenario);
  for (const [i, device] of copy.devices.entries()) {
    device.name = `NVIDIA Test ${i}`;
    device.uuid = `GPU-00000000-1111-2222-3333-44444444444${i}`;
    device.pciBusId = `00000000:8${i}:00.0`;
    device.minor = i + 3;
    device.memory = { totalBytes: 9e9 + i, usedBytes: 3e9 + 7 * i, reservedBytes: 1e8 + i };
    device.utilizationPercent = { gpu: 11 + i, memory: 22 + i, encoder: 33 + i, decoder: 44 + i };
    device.temperatureCelsius = 71 + i;
    device.powerMilliwatts = 123_456 + i;
    device.powerLimitMilliwatts = 234_567 + i;
    device.clocks = { smMegahertz: 1001 + i, memoryMegahertz: 2002 + i, videoMegahertz: 3003 + i };
    device.persistenceMode = 0;
    device.encoder = {
      averageFps: 31 + i,
      averageLatencyUs: 4242 + i,
      sessions: [
        {
          sessionId: 9,
          pid: 77,
          codec: 2,
          width: 640,
          height: 480,
          averageFps: 31,
          averageLatencyUs: 4243,
        },
      ],
    };
    device.processes = [{ pid: 78 + i, kind: 'graphics', usedBytes: 5e8 + i, name: `worker-${i}` }];
  }
  return copy;
}

describe('--sim healthy', () => {
  it('is ok, exits 0, and says that it is simulated', async () => {
    const { report, status } = await simulate('healthy');
    expect({ verdict: report.verdict, status, simulated: report.simulated }).toEqual({
      verdict: 'ok',
      status: 0,
      simulated: true,
    });
    expect(report.findings).toEqual([]);
    const others = report.checks.filter((check) => check.outcome !== 'ok');
    expect(others.filter((check) => check.name !== 'NOT_IMPLEMENTED')).toEqual([]);
    expect(report.driver).toEqual({
      version: '535.261.03',
      nvmlVersion: '12.535.261.03',
      cudaVersion: '12.2',
      libraries: null,
    });
  });

  it.each([
    ['as shipped', (scenario: Scenario) => scenario],
    ['changed', changed],
  ])('reports every field with the value of the scenario file, %s', async (_, change) => {
    const scenario = change(loadScenario('healthy'));
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-'));
    const file = join(folder, 'scenario.json');
    writeFileSync(file, JSON.stringify(scenario));
    const { report } = await simulate(file);
    rmSync(folder, { recursive: true });
    expect(report.devices.map(({ unavailable, energyJoules, ...device }) => device)).toEqual(
      scenario.devices.map(expectedDevice),
    );
    for (const [index, { energyMillijoules }] of scenario.devices.entries()) {
      // It grows with the time that the simulated machine has run.
      expect(report.devices[index]?.energyJoules).toBeGreaterThan((energyMillijoules ?? 0) / 1000);
    }
    expect(schemaErrors(report)).toEqual([]);
  });

  it('gives each null its reason', async () => {
    const { report } = await simulate('healthy');
    const unsupported = { code: 3, name: 'NVML_ERROR_NOT_SUPPORTED' };
    const always = { migMode: unsupported, retiredPages: unsupported, recoveryAction: unsupported };
    const [eccOff, eccOn] = report.devices;
    expect(eccOff?.unavailable).toEqual({
      ...always,
      'ecc.volatile.corrected': unsupported,
      'ecc.volatile.uncorrected': unsupported,
      'ecc.aggregate.corrected': unsupported,
      'ecc.aggregate.uncorrected': unsupported,
    });
    expect(eccOn?.unavailable).toEqual(always);
  });
});
