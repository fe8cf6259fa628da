import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toDevice } from '../../lib/probe/device.js';
import { deviceId } from '../../lib/probe/device-id.js';
import type { Device, Facts, Report, Severity } from '../../lib/probe/report.js';
import { run } from '../../lib/surfaces/cli/run.js';
import { judge } from '../../lib/verdict/judge.js';
import { RULES } from '../../lib/verdict/rules/index.js';
import { context as cliContext } from '../cli/context.js';
import { context, FIELDS, NAMES, nativeDevice, someFacts } from './arbitrary.js';

/** What holds of every report, whatever was seen. */

const RUNS = { numRuns: 500 };

/** The leaves of a device by path; lists are leaves but for the processes in them, whose fields may be null. */
function leaves(value: unknown, path: string): [string, unknown][] {
  if (value === null || typeof value !== 'object') return [[path, value]];
  if (Array.isArray(value) && path !== 'processes') return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path === '' ? key : `${path}.${key}`));
}

function leavesOf({ unavailable: _, ...device }: Device): Map<string, unknown> {
  return new Map(leaves(device, ''));
}

const at = (device: Device, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key] ?? null, device);

describe('a device', () => {
  it('has no number for a read that failed', () => {
    fc.assert(
      fc.property(nativeDevice, (native) => {
        const device = toDevice(native, FIELDS, NAMES);
        for (const [index, path] of FIELDS.entries()) {
          if (native.handleCode !== 0 || native.codes[index] !== 0) expect(at(device, path), path).toBeNull();
        }
        if (native.sessions.code !== 0) expect(device.encoder.sessions).toBeNull();
        if (native.processes.code !== 0) expect(device.processes).toBeNull();
      }),
      RUNS,
    );
  });

  it('has a reason for every null, and for nothing else', () => {
    fc.assert(
      fc.property(nativeDevice, (native) => {
        const device = toDevice(native, FIELDS, NAMES);
        const nulls = [...leavesOf(device)].filter(([, value]) => value === null).map(([path]) => path);
        expect(Object.keys(device.unavailable).sort()).toEqual(nulls.sort());
        for (const { code, name } of Object.values(device.unavailable)) {
          expect(name).not.toBe('');
          expect(code).not.toBe(0);
        }
      }),
      RUNS,
    );
  });

  it('has each number as it was read', () => {
    fc.assert(
      fc.property(nativeDevice, (native) => {
        const device = toDevice(native, FIELDS, NAMES);
        for (const [path, value] of leavesOf(device)) {
          const index = FIELDS.indexOf(path);
          if (index >= 0 && typeof value === 'number') expect(value, path).toBe(native.values[index]);
        }
      }),
      RUNS,
    );
  });
});

/** As the design has it: what is always critical, and what never is. */
const ALWAYS: Readonly<Record<string, Severity>> = {
  'driver-absent': 'info',
  'platform-unsupported': 'info',
  'driver-mismatch': 'critical',
  'nvml-init-failed': 'critical',
  'gpu-lost': 'critical',
  'readings-all-zero': 'critical',
  'cuda-init-failed': 'critical',
  'cuda-context-refused': 'critical',
  'driver-unresponsive': 'critical',
  'driver-crashed': 'critical',
  'probe-stuck': 'critical',
  'ecc-uncorrectable': 'critical',
  'row-remap-failed': 'critical',
  'xid-critical': 'critical',
  'cuda-nvml-disagree': 'warning',
  'fresh-warm-disagree': 'warning',
  'readings-implausible': 'warning',
  'readings-frozen': 'warning',
  'cuda-out-of-memory': 'warning',
  'memory-low': 'warning',
  'compute-mode-exclusive': 'warning',
  'thermal-throttle': 'warning',
  'xid-application': 'info',
};
/** Critical, unless GPU work started all the same. */
const REFUSED = ['device-access-revoked', 'device-permission', 'device-nodes-unusable'];
const works = ({ checks }: Facts) =>
  checks.some(
    ({ id, via, outcome }) =>
      outcome === 'ok' && (id.startsWith('cuda.') || (id === 'nodes' && via === 'fresh')),
  );
const BLINDING = ['driver-absent', 'platform-unsupported', 'library-absent', 'probe-incomplete'];

const report = fc
  .tuple(someFacts, context)
  .map(([facts, known]) => ({ facts, known, report: judge(facts, known) }));

describe('a report', () => {
  it('infers nothing without an observation, and leaves nobody without something to do', () => {
    fc.assert(
      fc.property(report, ({ report: { findings } }) => {
        for (const finding of findings) {
          expect(
            finding.observed.filter((line) => line.trim() !== ''),
            finding.id,
          ).not.toEqual([]);
          expect(new Set(finding.observed).size, finding.id).toBe(finding.observed.length);
          expect(finding.remedy.length, finding.id).toBeGreaterThan(0);
          expect(finding.summary, finding.id).toMatch(/\.$/);
          for (const { cause, because } of finding.inferred) {
            expect(cause, finding.id).not.toBe('');
            expect(because, finding.id).not.toBe('');
          }
        }
        expect(JSON.stringify(findings)).not.toMatch(/undefined|NaN|\[object/);
      }),
      RUNS,
    );
  });

  it('has each finding once for each GPU, of a known rule, about a GPU that somebody named', () => {
    fc.assert(
      fc.property(report, ({ facts, report: { findings } }) => {
        const keys = findings.map(({ id, device }) => `${id} ${device}`);
        expect(new Set(keys).size).toBe(keys.length);
        const named = [
          null,
          ...facts.devices.map(deviceId),
          ...facts.checks.map(({ device }) => device),
          ...(facts.xids ?? []).map(({ device }) => device),
        ];
        for (const { id, device } of findings) {
          expect(RULES.map((rule) => rule.id)).toContain(id);
          if (id !== 'xid-critical') expect(named).toContain(device);
        }
      }),
      RUNS,
    );
  });

  it('has the severities of the design', () => {
    fc.assert(
      fc.property(report, ({ facts, known, report: { findings } }) => {
        for (const { id, severity } of findings) {
          const always = ALWAYS[id];
          if (always !== undefined) expect(severity, id).toBe(always);
          if (REFUSED.includes(id))
            expect(works(facts) ? ['info', 'critical'] : ['critical']).toContain(severity);
          if (id === 'devices-missing' && known.require === undefined) expect(severity).toBe('warning');
        }
      }),
      RUNS,
    );
  });

  it('never tells WSL2 what is for a Linux driver: packages of one break its GPU', () => {
    fc.assert(
      fc.property(someFacts, context, (facts, known) => {
        const { findings } = judge({ ...facts, host: { ...facts.host, wsl: true } }, known);
        for (const { id, remedy } of findings) {
          const text = remedy.join('\n').replaceAll(/never install [^:.]*/gi, '');
          expect(text, id).not.toMatch(
            /install the driver's|modprobe|rmmod|dmesg|reboot|unload|gpu-reset|bug-report/i,
          );
          expect(remedy.length, id).toBeGreaterThan(0);
        }
      }),
      RUNS,
    );
  });

  it('has the verdict of its findings, and the exit code of its verdict', async () => {
    await fc.assert(
      fc.asyncProperty(report, fc.boolean(), async ({ report: made }, strict) => {
        const verdict = expectedVerdict(made);
        if (verdict === null) expect(['ok', 'unknown']).toContain(made.verdict);
        else expect(made.verdict).toBe(verdict);
        const line = ['--json', ...(strict ? ['--fail-on', 'degraded'] : [])];
        const { exitCode, stdout } = await run(line, cliContext({ probe: async () => made }));
        const codes = { ok: 0, degraded: strict ? 1 : 0, failed: 1, unknown: 3 };
        expect(exitCode).toBe(codes[made.verdict]);
        expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(made)));
      }),
      RUNS,
    );
  });

  it('is a function of what was seen, which it does not touch', () => {
    fc.assert(
      fc.property(someFacts, context, (facts, known) => {
        const before = structuredClone(facts);
        const { findings, answers, verdict, ...rest } = judge(facts, known);
        expect(rest).toEqual(before);
        expect(judge(facts, known)).toEqual({ ...rest, findings, answers, verdict });
      }),
      { numRuns: 200 },
    );
  });
});

/** Null: ok or unknown, as gpuprobe could look or not. */
function expectedVerdict({ findings }: Report): Report['verdict'] | null {
  const has = (severity: Severity) => findings.some((finding) => finding.severity === severity);
  if (has('critical')) return 'failed';
  if (has('warning')) return 'degraded';
  return findings.some(({ id }) => BLINDING.includes(id)) ? 'unknown' : null;
}
