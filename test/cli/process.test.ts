import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { accessRevoked, device, facts } from '../verdict/facts.js';
import { reportOf } from './context.js';

/**
 * The bin as a process: exit codes, pipes and uncaught errors exist nowhere else. Runs a copy of the built modules
 * in which a few words replace `probe()`, and with it the addon.
 */
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gpuprobe-cli-'));
  write('package.json', readFileSync('package.json', 'utf8'));
  cpSync('build/lib', join(root, 'dist'), { recursive: true });
  write('dist/monitor/ending.js', 'export function endHelpers() {}\n');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the bin with a probe of these words; `read` false: stdout is closed at the first bytes. */
function runBin(probe: string, args: string[], read = true): Promise<Result> {
  write('dist/probe.js', `import { readFileSync } from 'node:fs';\n${probe}`);
  const child = spawn(process.execPath, [join(root, 'dist/surfaces/cli/main.js'), ...args]);
  const result: Result = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    result.stdout += chunk;
    if (!read) child.stdout.destroy();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    result.stderr += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...result, code })));
}

/** A probe that gives this report. */
function giving(report: Report): string {
  write('report.json', JSON.stringify(report));
  return `export const probe = async () => JSON.parse(readFileSync(${JSON.stringify(join(root, 'report.json'))}, 'utf8'));`;
}

/** More than a pipe holds. */
function large(): Report {
  const devices = Array.from({ length: 256 }, (_, index) => device({ index, uuid: `GPU-${index}` }));
  return reportOf({ ...accessRevoked(), devices });
}

describe('the bin', () => {
  it('exits by the verdict', async () => {
    expect(await runBin(giving(reportOf(facts())), [])).toMatchObject({ code: 0, stderr: '' });
    expect(await runBin(giving(reportOf(accessRevoked())), [])).toMatchObject({ code: 1, stderr: '' });
    expect(await runBin('', ['--deadline', 'x'])).toMatchObject({ code: 64, stdout: '' });
    expect(await runBin('', ['--version'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('writes a large report to the end, although the event loop would live on', async () => {
    const probe = `${giving(large())}\nsetInterval(() => {}, 1000);`;
    const { code, stdout } = await runBin(probe, ['--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual(large());
  });

  it('keeps its exit code when nobody reads to the end', async () => {
    expect(await runBin(giving(large()), ['--json'], false)).toMatchObject({ code: 1, stderr: '' });
  });

  it('does not take the lack of an answer for a good one', async () => {
    expect(await runBin('export const probe = () => new Promise(() => {});', [])).toMatchObject({ code: 3 });
  });

  it.each([
    ['a probe that throws', 'export const probe = async () => { throw new TypeError("oops\\nagain"); };'],
    [
      'an error outside of it',
      'setTimeout(() => { throw new Error("oops"); }); export const probe = () => new Promise(() => {});',
    ],
    [
      'a rejection outside of it',
      'Promise.reject(new Error("oops")); export const probe = () => new Promise(() => {});',
    ],
    ['a module that does not load', 'import "./missing.js"; export const probe = 0;'],
  ])('makes 3 and one line of %s', async (_what, probe) => {
    const { code, stdout, stderr } = await runBin(`setInterval(() => {}, 1000);\n${probe}`, []);
    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^gpuprobe: internal error: .*\n$/);
  });
});
