import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../lib/probe/report.js';
import { cliPath, gpuprobe } from '../support/cli.js';

const NODE = process.execPath;
const MAIN = cliPath();

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A shell script in which `gpuprobe` is the command. */
const shell = (script: string) => ['sh', '-c', `gpuprobe() { "${NODE}" "${MAIN}" "$@"; }\n${script}`];
const sim = (scenario: string, ...program: string[]) => gpuprobe(['sim', scenario, '--', ...program]);
const reports = (stdout: string) =>
  stdout
    .split(/^(?=\{$)/m)
    .filter(Boolean)
    .map((text) => JSON.parse(text) as Report);
const criticals = (report: Report | undefined) =>
  report?.findings.filter(({ severity }) => severity === 'critical').map(({ id }) => id);

describe('gpuprobe sim SCENARIO -- COMMAND', () => {
  it.each([
    [[NODE, '-e', 'process.exit(42)'], 42],
    [[NODE, '-e', ''], 0],
    [['sh', '-c', 'kill -KILL $$'], 137],
    [['no-such-program-at-all'], 127],
  ])('ends as the program does: %j', async (program, status) => {
    expect((await sim('healthy', ...program)).status).toBe(status);
  });

  it('says what cannot be executed', async () => {
    const file = join(folder, 'not-executable');
    writeFileSync(file, 'x');
    chmodSync(file, 0o644);
    const { status, stderr } = await sim('healthy', file);
    expect(status).toBe(126);
    expect(stderr).toMatch(/not-executable": could not be run: .*EACCES/);
  });

  it('leaves stdout to the program, and says on stderr what is simulated and how to change it', async () => {
    const { stdout, stderr } = await sim('idle', 'echo', 'hello');
    expect(stdout).toBe('hello\n');
    expect(stderr).toMatch(
      /^gpuprobe: echo runs on a simulated driver \(idle\); to change it: gpuprobe sim set --world \d+/,
    );
  });

  it('shows the machine to gpuprobe itself, in processes that the program starts', async () => {
    const { stdout } = await sim('gpu-lost', ...shell('gpuprobe --json'));
    const [report] = reports(stdout);
    expect(report?.simulated).toBe(true);
    expect(criticals(report)).toEqual(['gpu-lost']);
  });

  it('passes signals on', async () => {
    const result = gpuprobe(
      ['sim', 'healthy', '--', 'sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done'],
      {
        onStart: (pid) => void waitForChild(pid).then(() => process.kill(pid, 'SIGTERM')),
      },
    );
    expect((await result).status).toBe(7);
  });

  it('leaves other processes alone', async () => {
    const inside = sim('healthy', ...shell('sleep 1'));
    const { stdout } = await gpuprobe(['--json']);
    expect((JSON.parse(stdout) as Report).simulated).toBe(false);
    expect((await inside).status).toBe(0);
  });

  it('leaves nothing in the temporary folder, not even for a driver whose libraries are copies', async () => {
    const { status } = await gpuprobe(['sim', 'old-driver', '--', NODE, '-e', ''], {
      env: { TMPDIR: folder },
    });
    expect(status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith('gpuprobe-sim-'))).toEqual([]);
  });
});

/** Until the process has a child, and a moment for that to set its traps. */
async function waitForChild(pid: number): Promise<void> {
  for (;;) {
    const children = await run('sh', ['-c', `cat /proc/${pid}/task/*/children 2>/dev/null`]);
    if (children.trim() !== '') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
}

function run(command: string, words: readonly string[]): Promise<string> {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return new Promise((resolve) => child.on('close', () => resolve(text)));
}

describe('gpuprobe sim set', () => {
  it('changes the machine around it: ok, then revoked, then ok again', async () => {
    const script = `
      gpuprobe --json
      gpuprobe sim set access=revoked
      gpuprobe --json
      gpuprobe sim set access=granted
      gpuprobe --json`;
    const { stdout, status } = await sim('healthy', ...shell(script));
    const [before, during, after] = reports(stdout);
    expect(criticals(before)).toEqual([]);
    expect(criticals(during)).toEqual(['device-access-revoked']);
    expect(criticals(after)).toEqual([]);
    expect(status).toBe(0);
  });

  it('changes a machine from outside, by its pid', async () => {
    const script = 'read line; gpuprobe --json';
    let pid = 0;
    const child = spawn(NODE, [MAIN, 'sim', 'healthy', '--', ...shell(script)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    await new Promise<void>((resolve) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        pid = Number(/--world (\d+)/.exec(text)?.[1] ?? pid);
        if (pid > 0) resolve();
      });
    });
    const changed = await gpuprobe([
      'sim',
      'set',
      '--world',
      String(pid),
      'devices.1.lost=true',
      'devices.0.temperatureCelsius=91',
    ]);
    expect(changed).toEqual({ status: 0, stdout: '', stderr: '' });
    const shown = JSON.parse((await gpuprobe(['sim', 'show', '--world', String(pid)])).stdout);
    expect(shown).toMatchObject({
      name: 'healthy',
      revision: 2,
      change: { devices: [{ temperatureCelsius: 91 }, { lost: true }] },
    });
    child.stdin.end('go\n');
    await new Promise((resolve) => child.on('close', resolve));
    const [report] = reports(stdout);
    expect(report?.devices[0]?.temperatureCelsius).toBe(91);
    expect(criticals(report)).toEqual(['gpu-lost']);
  });

  it.each([
    [['access=denied'], 64, /change: access: must be "granted"/],
    [['nonsense'], 64, /"nonsense" is not FIELD=VALUE/],
    [['--world', '999999999', 'access=revoked'], 3, /no process 999999999 of this user/],
    [['--world', String(process.pid), 'access=revoked'], 3, /runs no simulated machine/],
    [['--world', '/etc/hostname', 'access=revoked'], 3, /could not be opened/],
  ])('%j is refused', async (words, status, message) => {
    const result = await gpuprobe(['sim', 'healthy', '--', NODE, MAIN, 'sim', 'set', ...words]);
    expect(result.status).toBe(status);
    expect(result.stderr).toMatch(message);
  });

  it('needs a machine', async () => {
    const result = await gpuprobe(['sim', 'set', 'access=revoked']);
    expect(result.status).toBe(3);
    expect(result.stderr).toMatch(/no simulated machine here: run this inside `gpuprobe sim/);
  });
});

describe('a machine that is not there', () => {
  it.each(['/proc/999999999/fd/3', '/etc/hostname', ''])(
    'is an error of gpuprobe, not of the GPU: %j',
    async (path) => {
      const result = await gpuprobe(['--json'], { env: { GPUPROBE_SIM_WORLD: path } });
      expect(result.status).toBe(3);
      expect(result.stdout).toBe('');
      expect(result.stderr).toMatch(/simulated machine.*ERR_GPUPROBE_SIMULATION/s);
    },
  );
});

describe('gpuprobe sim show and --schema', () => {
  it('print JSON: a scenario filled in, and the schema of such files', async () => {
    const shown = JSON.parse((await gpuprobe(['sim', 'show', 'busy-8gpu'])).stdout);
    expect(shown.devices).toHaveLength(8);
    expect(shown.devices[7]).toMatchObject({ name: 'NVIDIA H100 80GB HBM3', minor: 7 });
    const schema = JSON.parse((await gpuprobe(['sim', '--schema'])).stdout);
    expect(schema.properties.timeline.items.properties.at).toBeDefined();
  });
});

describe('the time of a scenario', () => {
  it.each([
    ['12:27:30', []],
    ['12:28:40', ['device-access-revoked']],
    ['12:53:00', []],
  ])('wolf-2025-11-05 at %s: %j', async (from, expected) => {
    const { stdout } = await gpuprobe(['--sim', 'wolf-2025-11-05', '--from', from, '--json']);
    expect(criticals(JSON.parse(stdout) as Report)).toEqual(expected);
  });

  it('passes as fast as told', async () => {
    const script = 'gpuprobe sim show; sleep 1; gpuprobe sim show';
    const { stdout } = await gpuprobe([
      'sim',
      'idle',
      '--from',
      '100',
      '--speed',
      '60',
      '--',
      ...shell(script),
    ]);
    const [before, after] = stdout
      .split(/^(?=\{$)/m)
      .map((text) => (JSON.parse(text) as { elapsedSeconds: number }).elapsedSeconds);
    expect(before).toBeGreaterThanOrEqual(100);
    expect((after ?? 0) - (before ?? 0)).toBeGreaterThanOrEqual(60);
  });

  it('is told as it passes', async () => {
    const { stderr } = await gpuprobe([
      ...['sim', 'wolf-2025-11-05', '--from', '12:27:30', '--speed', '3600'],
      ...['--', 'sleep', '1'],
    ]);
    const told = [...stderr.matchAll(/^gpuprobe: \[simulated\] (\S+)/gm)].map(([, at]) => at);
    expect(told).toEqual([
      '12:28:18',
      '12:28:30',
      '12:32:43',
      '12:35:00',
      '12:35:02',
      '12:41:00',
      '12:52:15',
    ]);
  });
});
