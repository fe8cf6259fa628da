import { describe, expect, it } from 'vitest';
import type { Check, Facts, OpenFiles } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import { facts, failed, GPU0, host } from './facts.js';

const PLENTY: OpenFiles = { open: 40, limit: 1_048_576, systemOpen: 3000, systemLimit: 1_000_000 };

function machine(openFiles: Partial<OpenFiles>, checks: Check[] = []): Facts {
  return facts({ host: host({ openFiles: { ...PLENTY, ...openFiles } }) }, checks);
}

const findings = (given: Facts) => judge(given).findings.map(({ severity, id }) => `${severity} ${id}`);

const BLOCKED = failed('nvml.init', 'thread', 17, 'NVML_ERROR_OPERATING_SYSTEM');
const NO_OPEN = failed('cuda.context', 'thread', 304, 'CUDA_ERROR_OPERATING_SYSTEM', { device: GPU0 });

describe('a service that is out of descriptors', () => {
  it('is warned before, while helper processes of gpuprobe still work', () => {
    const report = judge(machine({ open: 1000, limit: 1024 }));
    expect(report.findings).toMatchObject([
      {
        id: 'fd-exhausted',
        severity: 'warning',
        observed: ['this process: 1000 of 1024 file descriptors open'],
        inferred: [{ confidence: 'possible' }],
      },
    ]);
    expect(report.verdict).toBe('degraded');
  });

  it('is not told that the driver is at fault: EMFILE is 17 and 304, and both are explained', () => {
    const given = machine({ open: 1024, limit: 1024 }, [BLOCKED, NO_OPEN]);
    expect(findings(given)).toEqual(['critical fd-exhausted']);
    const [finding] = judge(given).findings;
    expect(finding?.inferred).toMatchObject([{ confidence: 'likely' }]);
    expect(finding?.observed.join('\n')).toMatch(/17 NVML.*\n.*304 CUDA/);
  });

  it('nor that the libraries are missing, which cannot be opened either', () => {
    const missing = failed('nvml.load', 'thread', null, 'LIBRARY_NOT_FOUND', {
      detail: 'Too many open files',
    });
    expect(findings(machine({ open: 1024, limit: 1024 }, [missing]))).toEqual(['critical fd-exhausted']);
  });

  it('does not excuse what a helper met, which has descriptors of its own', () => {
    const helper = failed('nvml.init', 'fresh', 17, 'NVML_ERROR_OPERATING_SYSTEM');
    expect(findings(machine({ open: 1020, limit: 1024 }, [helper]))).toContain('critical nvml-init-failed');
    // But with a limit that is too low for anybody, the helper's own is.
    expect(findings(machine({ open: 20, limit: 32 }, [helper]))).toEqual(['critical fd-exhausted']);
  });

  it('does not explain what is no matter of descriptors', () => {
    const lost = failed('nvml.init', 'thread', 15, 'NVML_ERROR_GPU_IS_LOST');
    expect(findings(machine({ open: 1024, limit: 1024 }, [lost]))).toEqual([
      'critical gpu-lost',
      'warning fd-exhausted',
    ]);
  });
});

describe('a system that is out of open files', () => {
  it('explains ENFILE: NVML 999 and CUDA 2', () => {
    const given = machine({ systemOpen: 999_000 }, [
      failed('nvml.init', 'fresh', 999, 'NVML_ERROR_UNKNOWN'),
      failed('cuda.context', 'warm', 2, 'CUDA_ERROR_OUT_OF_MEMORY', { device: GPU0 }),
    ]);
    expect(findings(given)).toEqual(['critical fd-exhausted']);
  });
});

describe('descriptors in plenty, or unknown', () => {
  it.each<Partial<OpenFiles>>([
    {},
    { open: null, limit: null, systemOpen: null, systemLimit: null },
    { open: 900, limit: 1024 },
    { open: 5000, limit: null },
    { systemOpen: 3000, systemLimit: 9.3e18 },
  ])('%j is no finding', (openFiles) => expect(findings(machine(openFiles))).toEqual([]));

  it('leave 17 to the device, since the process that asked was new', () => {
    const [finding] = judge(
      machine({}, [failed('nvml.init', 'fresh', 17, 'NVML_ERROR_OPERATING_SYSTEM')]),
    ).findings;
    expect(finding?.id).toBe('nvml-init-failed');
    expect(finding?.inferred.map(({ confidence }) => confidence)).toEqual(['likely']);
    expect(JSON.stringify(finding?.inferred)).toContain('far from its limit of 1048576');
  });
});
