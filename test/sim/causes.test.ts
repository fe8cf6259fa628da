import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ProbeOptions } from '../../lib/probe/options.js';
import type { Confidence, Inference, Report } from '../../lib/probe/report.js';
import { probe } from '../../lib/probe.js';

/**
 * Which symptom has which cause, row by row: through the driver's codes, the processes that ask and the rules. What a
 * simulated driver cannot show (nodes that are forbidden, missing or wrong) is in test/driver/denial.real.test.ts.
 */

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-causes-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
/** `healthy` with something wrong. */
function wrong(more: object): string {
  const path = join(folder, `${files++}.json`);
  writeFileSync(path, JSON.stringify({ description: 'A test.', extends: 'healthy', ...more }));
  return path;
}

const returns = (name: string, code: number) => ({ faults: [{ function: name, return: code }] });

interface Row {
  symptom: string;
  scenario: string;
  options?: ProbeOptions;
  findings: string[];
  /** The cause that stands above all others; null: the finding needs none. */
  cause: [Confidence, RegExp] | null;
}

const ROWS: Row[] = [
  {
    symptom: 'NVML 999 and access() EPERM: a cgroup revocation',
    scenario: 'access-revoked',
    findings: ['critical device-access-revoked'],
    cause: ['likely', /^a device cgroup refuses|^the access was taken away/],
  },
  {
    symptom: 'NVML 999 and access() ok: the driver itself',
    scenario: 'nvml-unknown-error',
    findings: ['critical nvml-init-failed', 'warning cuda-nvml-disagree'],
    cause: ['likely', /^the driver could not attach the GPU/],
  },
  {
    symptom: 'NVML 18 and cuInit 803: libraries of another version',
    scenario: 'driver-mismatch',
    findings: ['critical driver-mismatch'],
    cause: ['proven', /kernel module is .* and the library/],
  },
  {
    symptom: 'NVML 15: fallen off the bus',
    scenario: 'gpu-lost',
    findings: ['critical gpu-lost'],
    cause: ['proven', /fallen off the bus/],
  },
  {
    symptom: 'NVML 4 with nodes that may be opened: a security profile',
    scenario: wrong(returns('nvmlInit_v2', 4)),
    findings: ['critical nvml-init-failed', 'warning cuda-nvml-disagree'],
    cause: ['likely', /security profile/],
  },
  {
    symptom: 'no module, no node: no driver',
    scenario: 'no-driver',
    findings: ['info driver-absent'],
    cause: null,
  },
  {
    symptom: 'NVML 17 in a process with descriptors left: the device',
    scenario: wrong(returns('nvmlInit_v2', 17)),
    findings: ['critical nvml-init-failed', 'warning cuda-nvml-disagree'],
    cause: ['likely', /cannot talk to the device/],
  },
  {
    symptom: 'fewer GPUs than required',
    scenario: 'healthy',
    options: { require: 3 },
    findings: ['critical devices-missing'],
    cause: ['likely', /fewer GPUs|no more/],
  },
  {
    symptom: 'NVML ok, cuInit 999: what only CUDA uses',
    scenario: wrong(returns('cuInit', 999)),
    findings: ['critical cuda-init-failed', 'warning cuda-nvml-disagree'],
    cause: ['likely', /nvidia_uvm/],
  },
  {
    symptom: 'compute mode exclusive',
    scenario: wrong({ devices: [{ computeMode: 3 }] }),
    findings: ['warning compute-mode-exclusive'],
    cause: null,
  },
  {
    symptom: 'compute mode prohibited',
    scenario: wrong({ devices: [{ computeMode: 2 }] }),
    findings: ['warning compute-mode-exclusive'],
    cause: null,
  },
  {
    symptom: 'context 46 all the same: taken in exclusive mode',
    scenario: wrong(returns('cuCtxCreate_v2', 46)),
    findings: ['critical cuda-context-refused', 'critical cuda-context-refused'],
    cause: ['possible', /exclusive or prohibited/],
  },
  {
    symptom: 'context 802: the fabric manager',
    scenario: wrong(returns('cuCtxCreate_v2', 802)),
    findings: ['critical fabric-not-ready'],
    cause: ['likely', /fabric manager/],
  },
  {
    symptom: 'context 805: the Multi-Process Service',
    scenario: wrong(returns('cuCtxCreate_v2', 805)),
    findings: ['critical mps-unavailable'],
    cause: ['likely', /MPS server/],
  },
  {
    symptom: 'context 2: memory',
    scenario: 'cuda-out-of-memory',
    findings: ['warning cuda-out-of-memory', 'warning cuda-out-of-memory'],
    cause: ['likely', /exhausted/],
  },
];

const STRONGEST_FIRST: readonly Confidence[] = ['proven', 'likely', 'possible'];

/** All causes of a report that no other is surer than, each once: eight GPUs may have the same. */
function strongest(report: Report): Inference[] {
  const all = report.findings.flatMap(({ inferred }) => inferred);
  const highest = STRONGEST_FIRST.find((one) => all.some(({ confidence }) => confidence === one));
  const these = all.filter(({ confidence }) => confidence === highest);
  return [...new Map(these.map((one) => [one.cause, one])).values()];
}

describe('each symptom has its cause, and no other is as sure', () => {
  it.each(ROWS.map((row) => [row.symptom, row] as const))(
    '%s',
    async (_, { scenario, options, findings, cause }) => {
      const report = await probe({ ...options, simulate: scenario });
      expect(report.findings.map(({ severity, id }) => `${severity} ${id}`)).toEqual(findings);
      const sure = strongest(report);
      if (cause === null) {
        expect(sure).toEqual([]);
        return;
      }
      const [confidence, what] = cause;
      expect(sure.map((one) => [one.confidence, one.cause])).toEqual([
        [confidence, expect.stringMatching(what)],
      ]);
    },
  );
});

describe('a mismatch', () => {
  it('quotes both versions, although NVML does not start', async () => {
    const { host, driver, findings } = await probe({ simulate: 'driver-mismatch' });
    expect(driver.nvmlVersion).toBe('12.535.261.03');
    expect(findings[0]?.summary).toContain(
      `${host.kernelDriverVersion}, and the driver's library 535.261.03`,
    );
    expect(findings[0]?.observed).toContain('NVML library: 12.535.261.03');
  });
});

describe('what a library prints', () => {
  it('is quoted and proves nothing: the noise of the healthy log changes no finding', async () => {
    const noise = 'No GPU device for given DRM node';
    const plain = await probe({ simulate: 'nvml-unknown-error' });
    const { judge } = await import('../../lib/verdict/judge.js');
    const { findings: _, verdict: __, ...facts } = plain;
    const noisy = judge({ ...facts, checks: facts.checks.map((check) => ({ ...check, detail: noise })) });
    const bare = judge({ ...facts, checks: facts.checks.map((check) => ({ ...check, detail: null })) });
    const essence = (report: Report) => report.findings.map(({ observed: _, ...rest }) => rest);
    expect(essence(noisy)).toEqual(essence(bare));
    expect(JSON.stringify(noisy.findings)).toContain(noise);
  });
});
