import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { simulate } from '../support/cli.js';

/** Machines with which nothing is wrong, however little of NVML they have: nothing above info. */

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-well-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NONE = { corrected: 0, uncorrected: 0 };
const ECC = {
  on: { enabled: true, pending: true, volatile: NONE, aggregate: NONE },
  off: { enabled: false, pending: false, volatile: NONE, aggregate: NONE },
  none: null,
};
const ENCODER = {
  busy: {
    averageFps: 60,
    averageLatencyUs: 900,
    sessions: [
      { sessionId: 1, pid: 7, codec: 1, width: 1920, height: 1080, averageFps: 60, averageLatencyUs: 900 },
    ],
  },
  idle: { averageFps: 0, averageLatencyUs: 0, sessions: [] },
  none: null,
};
/** Their libraries have fewer functions, or more. */
const DRIVERS = {
  470: { version: '470.256.02', nvmlVersion: '11.470.256.02', cudaVersion: 11040 },
  535: { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12020 },
  580: { version: '580.65.06', nvmlVersion: '13.580.65.06', cudaVersion: 13000 },
};

interface Machine {
  gpus: number;
  preset: string;
  mig?: boolean;
  ecc: keyof typeof ECC;
  encoder: keyof typeof ENCODER;
  driver: keyof typeof DRIVERS;
}

const MACHINES: Machine[] = [
  { gpus: 1, preset: 'rtx-3080', ecc: 'none', encoder: 'busy', driver: 470 },
  { gpus: 1, preset: 'rtx-2000-ada', ecc: 'off', encoder: 'idle', driver: 535 },
  { gpus: 1, preset: 'h100-80gb', mig: true, ecc: 'on', encoder: 'none', driver: 580 },
  { gpus: 2, preset: 't4', ecc: 'on', encoder: 'busy', driver: 470 },
  { gpus: 2, preset: 'l4', ecc: 'on', encoder: 'none', driver: 580 },
  { gpus: 2, preset: 'a100-40gb', mig: true, ecc: 'off', encoder: 'none', driver: 535 },
  { gpus: 8, preset: 'a100-40gb', mig: true, ecc: 'on', encoder: 'none', driver: 470 },
  { gpus: 8, preset: 'h100-80gb', ecc: 'on', encoder: 'none', driver: 535 },
  { gpus: 8, preset: 'l4', ecc: 'off', encoder: 'busy', driver: 580 },
];

function scenario({ gpus, preset, mig, ecc, encoder, driver }: Machine): string {
  const device = { preset, ecc: ECC[ecc], encoder: ENCODER[encoder], ...(mig ? { migMode: 1 } : {}) };
  const devices = Array.from({ length: gpus }, () => device);
  const path = join(folder, `${gpus}-${preset}-${ecc}-${encoder}-${driver}.json`);
  writeFileSync(path, JSON.stringify({ description: 'A test.', driver: DRIVERS[driver], devices }));
  return path;
}

const name = ({ gpus, preset, mig, ecc, encoder, driver }: Machine) =>
  `${gpus} ${preset}${mig ? ' in MIG mode' : ''}, ECC ${ecc}, encoder ${encoder}, driver ${driver}`;

describe('nothing above info', () => {
  it.each([
    ...['healthy', 'idle', 'busy-8gpu', 'old-driver'].map((one) => [one, one] as const),
    ...MACHINES.map((machine) => [name(machine), scenario(machine)] as const),
  ])('%s', async (_, path) => {
    const { report, status } = await simulate(path);
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect({ verdict: report.verdict, status }).toEqual({ verdict: 'ok', status: 0 });
    expect(report.devices.length).toBeGreaterThan(0);
    // No reading that is missing passes for a zero: whoever reads must be told why there is none.
    for (const device of report.devices) {
      for (const key of ['temperatureCelsius', 'powerWatts', 'ecc'] as const) {
        expect(device[key] !== null || device.unavailable[key] !== undefined, key).toBe(true);
      }
    }
  });
});
