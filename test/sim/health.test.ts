import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { simulate } from '../support/cli.js';
import { schemaErrors } from '../support/schema.js';

/** Each GPU lacks something else: the T4 remaps no rows, the RTX 3080 has no ECC, the A100 has no encoder. */
const PRESETS = ['t4', 'rtx-3080', 'a100-40gb'];

const UNSUPPORTED = { code: 3, name: 'NVML_ERROR_NOT_SUPPORTED' };

/** A machine with one GPU of each preset, and what is said of them. */
async function probe(...devices: object[]): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-'));
  const file = join(folder, 'scenario.json');
  const scenario = {
    description: 'GPUs of several kinds.',
    driver: { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12020 },
    devices: PRESETS.map((preset, i) => ({ preset, ...devices[i] })),
  };
  writeFileSync(file, JSON.stringify(scenario));
  try {
    const { report } = await simulate(file, '--checks', 'nodes,nvml');
    expect(schemaErrors(report)).toEqual([]);
    return report;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const pcie = (generation: number, maxGeneration: number, width: number, replayCount: number) => ({
  generation,
  maxGeneration,
  width,
  maxWidth: 16,
  replayCount,
});

describe('the health of simulated GPUs', () => {
  it('is what the scenario says, in the units of the report', async () => {
    const counts = {
      volatile: { corrected: 31, uncorrected: 32 },
      aggregate: { corrected: 9_007_199_254_740_991, uncorrected: 34 },
    };
    const rows = { correctable: 21, uncorrectable: 22, pending: true, failure: false };
    const report = await probe(
      {
        ecc: { enabled: true, pending: false, ...counts },
        retiredPages: { singleBit: 63, doubleBit: 64, pending: true },
        powerMilliwatts: 0,
        energyMillijoules: 1_234_567,
        pcie: { ...pcie(2, 3, 8, 41), txKilobytesPerSecond: 0, rxKilobytesPerSecond: 0 },
        recoveryAction: 4,
      },
      { powerMilliwatts: 0, energyMillijoules: 0, recoveryAction: 77 },
      { remappedRows: rows, recoveryAction: 0 },
    );
    const [t4, rtx, a100] = report.devices;
    expect(t4?.ecc).toEqual({ enabled: true, pendingEnabled: false, ...counts });
    expect(t4?.retiredPages).toEqual({ singleBit: 63, doubleBit: 64, pending: true });
    expect(t4?.energyJoules).toBe(1234.567);
    expect(t4?.pcie).toEqual(pcie(2, 3, 8, 41));
    expect(report.devices.map(({ recoveryAction }) => recoveryAction)).toEqual([
      'drain-and-reset',
      'unknown-77',
      'none',
    ]);
    expect(rtx?.energyJoules).toBe(0);
    expect(a100?.remappedRows).toEqual(rows);
  });

  it('is null with one reason where a GPU has no such thing', async () => {
    const [t4, rtx, a100] = (await probe()).devices;
    expect(t4?.remappedRows).toBeNull();
    expect(t4?.unavailable).toEqual({
      migMode: UNSUPPORTED,
      remappedRows: UNSUPPORTED,
      recoveryAction: UNSUPPORTED,
    });
    expect([rtx?.ecc, rtx?.remappedRows, rtx?.retiredPages]).toEqual([null, null, null]);
    expect(rtx?.unavailable).toEqual({
      migMode: UNSUPPORTED,
      ecc: UNSUPPORTED,
      remappedRows: UNSUPPORTED,
      retiredPages: UNSUPPORTED,
      recoveryAction: UNSUPPORTED,
    });
    expect(a100?.retiredPages).toBeNull();
    expect(a100?.unavailable).toMatchObject({
      retiredPages: UNSUPPORTED,
      'encoder.sessionCount': UNSUPPORTED,
      'encoder.sessions': UNSUPPORTED,
    });
  });

  it('has the ECC mode and no counts where ECC is switched off', async () => {
    const [t4] = (
      await probe({
        ecc: {
          enabled: false,
          pending: true,
          volatile: { corrected: 1, uncorrected: 1 },
          aggregate: { corrected: 1, uncorrected: 1 },
        },
        energyMillijoules: null,
      })
    ).devices;
    const none = { corrected: null, uncorrected: null };
    expect(t4?.ecc).toEqual({ enabled: false, pendingEnabled: true, volatile: none, aggregate: none });
    expect(t4?.unavailable).toMatchObject({
      'ecc.volatile.corrected': UNSUPPORTED,
      'ecc.aggregate.uncorrected': UNSUPPORTED,
      energyJoules: UNSUPPORTED,
    });
  });

  it.each([
    [
      'ecc-uncorrectable',
      'failed',
      {
        ecc: {
          enabled: true,
          pending: true,
          volatile: { corrected: 0, uncorrected: 1 },
          aggregate: { corrected: 0, uncorrected: 1 },
        },
      },
    ],
    ['page-retirement-pending', 'degraded', { retiredPages: { singleBit: 1, doubleBit: 0, pending: true } }],
    ['reset-required', 'failed', { recoveryAction: 1 }],
    ['thermal-throttle', 'degraded', { clockEventReasons: 0x40 }],
    ['readings-implausible', 'degraded', { temperatureCelsius: 4_000_000 }],
    [
      'row-remap-failed',
      'failed',
      { remappedRows: { correctable: 0, uncorrectable: 1, pending: false, failure: true } },
    ],
    [
      'row-remap-pending',
      'degraded',
      { remappedRows: { correctable: 0, uncorrectable: 1, pending: true, failure: false } },
    ],
  ])('%s: %s', async (id, verdict, different) => {
    const report = await probe(different);
    expect(report.findings.map((finding) => finding.id)).toEqual([id]);
    expect(report.verdict).toBe(verdict);
  });
});

describe('what gpuprobe cannot ask yet', () => {
  const notYet = ({ checks }: Report) =>
    checks.flatMap(({ name, id, ...row }) => (name === 'NOT_IMPLEMENTED' ? [{ id, ...row }] : []));
  const ALL = ['nvenc.session', 'egl.display', 'egl.buffer', 'egl.image', 'egl.dmabuf'];

  it.each(['healthy', 'no-driver'])('%s: has a row in every full report', async (scenario) => {
    const { report } = await simulate(scenario);
    expect(notYet(report).map(({ id }) => id)).toEqual(ALL);
    for (const row of notYet(report)) {
      expect(row).toMatchObject({
        device: null,
        outcome: 'not-probed',
        code: null,
        detail: 'gpuprobe does not probe this yet',
      });
    }
    expect(schemaErrors(report)).toEqual([]);
  });

  it('is left out where other checks were chosen, and changes no verdict', async () => {
    expect(notYet((await simulate('healthy', '--checks', 'nvml')).report)).toEqual([]);
    const { report, status } = await simulate('healthy', '--checks', 'nodes,egl,nvenc');
    expect(notYet(report).map(({ id }) => id)).toEqual(ALL);
    expect({ verdict: report.verdict, status, findings: report.findings }).toEqual({
      verdict: 'ok',
      status: 0,
      findings: [],
    });
  });
});
