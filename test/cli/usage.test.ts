import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listScenarios } from '../../lib/sim/scenario.js';
import { gpuprobe } from '../support/cli.js';

describe('a command line that is wrong, through the real command', () => {
  it.each([
    [['--deadline', '0'], /1.*3600000/],
    [['--deadline', 'soon'], /integer/],
    [['--require', '65'], /1.*64/],
    [['--require', '-1'], /require/],
    [['--checks', 'nvml.init,gpu'], /nodes.*cuda\.context.*nvml.*cuda/],
    [['--checks', ''], /nodes/],
    [['--format', 'xml'], /human.*json/],
    [['--fail-on', 'ok'], /degraded/],
    [['--isolation', 'none'], /process.*thread/],
    [['--force=yes'], /force/],
    [['--json=1'], /json/],
    [['--nonsense'], /nonsense/],
    [['frobnicate'], /check.*explain.*sim/],
    [['explain', 'no-such-finding'], /no-such-finding/],
    [['sim'], /--list/],
  ])('%j: exit 64 and one line saying what is allowed', async (args, allowed) => {
    const result = await gpuprobe(args);
    expect(result.status).toBe(64);
    expect(result.stdout).toBe('');
    expect(result.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(result.stderr).toMatch(allowed);
  });

  it('an unknown scenario lists the known ones', async () => {
    const result = await gpuprobe(['--sim', 'helthy']);
    expect(result.status).toBe(64);
    for (const { name } of listScenarios()) expect(result.stderr).toContain(name);
  });

  it('a scenario file with two mistakes has a line for each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-usage-'));
    const file = join(folder, 'scenario.json');
    writeFileSync(file, '{ "acess": 1,\n  "devices": [{ "preset": "l5" }] }');
    const result = await gpuprobe(['--sim', file]);
    rmSync(folder, { recursive: true });
    expect(result.status).toBe(64);
    expect(result.stderr).toMatch(/^gpuprobe: .*:1:12: acess: .*\n {2}.*:2:27: devices\[0\]\.preset: .*\n$/);
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown field', '{ "description": "x", "driver": null, "devices": [], "gpus": 2 }'],
    ['a wrong type', '{ "extends": "healthy", "devices": [{ "temperatureCelsius": "warm" }] }'],
  ])('a scenario file with %s: exit 64, and the file is named', async (_, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-'));
    const file = join(folder, 'scenario.json');
    writeFileSync(file, text);
    const result = await gpuprobe(['--sim', file, '--json']);
    rmSync(folder, { recursive: true });
    expect(result.status).toBe(64);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain('scenario.json');
  });
});

describe('a command line that is right', () => {
  it('--require more GPUs than there are: exit 1', async () => {
    const result = await gpuprobe(['--sim', 'healthy', '--require', '3', '--json']);
    expect(result.status).toBe(1);
    expect(result.stdout).toContain('devices-missing');
  });

  it('--require on a machine without a driver: exit 1', async () => {
    expect((await gpuprobe(['--sim', 'no-driver', '--require', '1'])).status).toBe(1);
  });

  it('--checks nvml asks CUDA nothing', async () => {
    const { stdout } = await gpuprobe(['--sim', 'healthy', '--checks', 'nvml', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { id: string }[] };
    expect(checks.map((check) => check.id).filter((id) => !id.startsWith('nvml.'))).toEqual([]);
    expect(checks.length).toBeGreaterThan(3);
  });

  it('--checks cuda.context works without NVML', async () => {
    const { stdout, status } = await gpuprobe(['--sim', 'healthy', '--checks', 'cuda.context', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { id: string; outcome: string }[] };
    expect(status).toBe(0);
    expect(checks.map((check) => `${check.id} ${check.outcome}`)).toEqual(Array(4).fill('cuda.context ok'));
  });

  it('creates no context on a GPU that CUDA_VISIBLE_DEVICES hides', async () => {
    const visible = 'GPU-8e0f6c1a-2d3b-4c5d-8e9f-1a2b3c4d5e02';
    const env = { CUDA_VISIBLE_DEVICES: visible };
    const { stdout, status } = await gpuprobe(['--sim', 'healthy', '--json'], { env });
    const { checks } = JSON.parse(stdout) as {
      checks: { id: string; device: string; outcome: string; name: string | null }[];
    };
    const contexts = checks.filter((check) => check.id === 'cuda.context');
    expect(status).toBe(0);
    expect(contexts.filter((check) => check.device === visible).map((check) => check.outcome)).toEqual([
      'ok',
      'ok',
    ]);
    expect(contexts.filter((check) => check.device !== visible).map((check) => check.name)).toEqual([
      'NOT_VISIBLE',
      'NOT_VISIBLE',
    ]);
  });

  it('writes no colour into a pipe, and help to stdout', async () => {
    const result = await gpuprobe(['--help'], { env: { FORCE_COLOR: '', NO_COLOR: '' } });
    expect(result.status).toBe(0);
    expect(result.stdout).toMatch(/^gpuprobe[\s\S]*Examples:/);
    expect(result.stdout).not.toContain('\u001B');
  });
});
