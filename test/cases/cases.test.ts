import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Finding, Report, Verdict } from '../../lib/probe/report.js';
import { cliPath, gpuprobe } from '../support/cli.js';
import { buildFakeDriver, caseFiles, type RealMachine, reasonForNoMachines, runOn } from './machine.js';
import { watchFor } from './watch.js';

/** One report of an operator's, as README.md says. */
interface Case {
  told: string;
  source: string[];
  input: { scenario: object } | { machine: RealMachine };
  args?: string[];
  watch?: { seconds: number };
  right: {
    verdict: Verdict;
    findings: string[];
    cause?: string;
    says?: string[];
    never?: string[];
  };
}

const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-cases-'));
chmodSync(folder, 0o755); // a case may run as another user
const skipped = reasonForNoMachines();
const driver = skipped === null ? buildFakeDriver(folder) : '';
if (skipped !== null) {
  if (process.env.CI === 'true') throw new Error(`cases on real files were not tried: ${skipped}`);
  process.stderr.write(`SKIPPED: cases on real files: ${skipped}\n`);
}

const cases = caseFiles().map((name) => ({
  name: name.replace(/\.json$/, ''),
  given: JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Case,
}));
let right = 0;

afterAll(() => {
  rmSync(folder, { recursive: true });
  process.stdout.write(`cases: ${right} of ${cases.length} right\n`);
});

type Seen = Pick<Report, 'verdict' | 'findings'>;

async function look(name: string, { input, args = [], watch }: Case): Promise<Seen> {
  if ('machine' in input) {
    const command = [process.execPath, cliPath(), '--json', ...args];
    const { stdout, stderr } = runOn(input.machine, driver, command);
    if (stdout === '') throw new Error(`no report: ${stderr}`);
    return JSON.parse(stdout) as Report;
  }
  const scenario = join(folder, `${name}.json`);
  writeFileSync(scenario, JSON.stringify(input.scenario));
  if (watch !== undefined) return watchFor(watch.seconds, ['--sim', scenario, ...args]);
  const { stdout, stderr } = await gpuprobe(['--sim', scenario, '--json', ...args]);
  if (stdout === '') throw new Error(`no report: ${stderr}`);
  return JSON.parse(stdout) as Report;
}

/** All that a finding tells a reader. */
const textOf = ({ summary, observed, inferred, remedy }: Finding) =>
  [summary, ...observed, ...inferred.flatMap(({ cause, because }) => [cause, because]), ...remedy].join('\n');

describe('an operator’s case', () => {
  it.each(cases)('$name', async ({ name, given }) => {
    if ('machine' in given.input && skipped !== null) return;
    const { verdict, findings } = await look(name, given);
    const text = findings.map(textOf).join('\n\n');
    expect(verdict, text).toBe(given.right.verdict);
    expect(findings.map(({ severity, id }) => `${severity} ${id}`).sort(), text).toEqual(
      [...given.right.findings].sort(),
    );
    const causes = findings.flatMap(({ inferred }) =>
      inferred.map(({ confidence, cause, because }) => `${confidence}: ${cause} (${because})`),
    );
    if (given.right.cause !== undefined) {
      expect(causes.join('\n')).toMatch(new RegExp(`^(${given.right.cause})`, 'im'));
    }
    for (const words of given.right.says ?? []) expect(text).toMatch(new RegExp(words, 'i'));
    for (const words of given.right.never ?? []) expect(text).not.toMatch(new RegExp(words, 'i'));
    right += 1;
  });

  it('says where it was reported and what is right, in each file', () => {
    for (const { name, given } of cases) {
      expect(given.source.length, name).toBeGreaterThan(0);
      expect(given.told.length, name).toBeGreaterThan(20);
    }
  });
});
