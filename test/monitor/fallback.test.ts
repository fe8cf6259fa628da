import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGpuProbeOn } from '../../lib/monitor/create-gpu-probe.js';
import { countWithoutDriver, type Fallback } from '../../lib/monitor/fallback.js';
import { ManualClock } from './manual-clock.js';
import { failing, record } from './recorded.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-fallback-'));
  mkdirSync(join(folder, 'dev'));
  for (const name of ['nvidia0', 'nvidiactl', 'nvidia-uvm', 'null'])
    writeFileSync(join(folder, 'dev', name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('what can be counted without the driver', () => {
  it('is the nodes, and the processes that hold them', async () => {
    const own = openSync(join(folder, 'dev', 'nvidiactl'), 'r');
    const held = join(folder, 'dev', 'nvidia0');
    const child = spawn('sh', ['-c', `exec 5<"${held}" 6<"${held}"; echo; read x`], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    const places = {
      proc: '/proc',
      dev: join(folder, 'dev'),
      isNode: (path: string) => path.startsWith(`${folder}/dev/nv`),
    };
    const counted = await countWithoutDriver(new Date(0), places);
    expect(counted).toMatchObject({
      source: 'fallback',
      takenAt: '1970-01-01T00:00:00.000Z',
      complete: true,
    });
    expect(counted.nodes).toEqual(['/dev/nvidia-uvm', '/dev/nvidia0', '/dev/nvidiactl']);
    expect(counted.holders).toContainEqual({ pid: child.pid, name: 'sh', nodes: [held] });
    expect(counted.holders.map(({ pid }) => pid)).toContain(process.pid);
    child.kill();
    closeSync(own);
  });

  it('is nothing where there is no /proc to look into, and says whom it may not see', async () => {
    const empty = await countWithoutDriver(new Date(0), {
      proc: '/nowhere',
      dev: '/nowhere',
      isNode: () => true,
    });
    expect(empty).toMatchObject({ nodes: [], holders: [], notAllowed: 0, complete: true });
    mkdirSync(join(folder, 'proc', '17'), { recursive: true });
    writeFileSync(join(folder, 'proc', '17', 'fd'), 'no folder');
    const { notAllowed } = await countWithoutDriver(new Date(0), {
      proc: join(folder, 'proc'),
      dev: '/',
      isNode: () => true,
    });
    expect(notAllowed).toBe(1);
  });

  it('stands apart in latest() while monitoring does not work, taken at most every ten seconds', async () => {
    const source = await record();
    const clock = new ManualClock();
    let counts = 0;
    const nothing: Fallback = {
      source: 'fallback',
      takenAt: '',
      nodes: [],
      holders: [],
      notAllowed: 0,
      complete: true,
    };
    const count = () => {
      counts++;
      return Promise.resolve(nothing);
    };
    const gpu = createGpuProbeOn({ clock, open: source.open, count }, { logger: false });
    const told: string[] = [];
    gpu.on('fallback', ({ fallback }) => told.push(fallback.source));
    await clock.advance(5000);
    expect([counts, gpu.latest().fallback]).toEqual([0, null]);
    source.instead = ({ kind }) =>
      kind === 'telemetry' ? Promise.resolve(failing('nvml.init', 999)) : undefined;
    await clock.advance(25_000);
    expect(counts).toBe(3);
    expect(told).toEqual(['fallback', 'fallback', 'fallback']);
    expect(gpu.latest()).toMatchObject({ fallback: { source: 'fallback' }, report: { devices: [] } });
    source.instead = () => undefined;
    await clock.advance(3000);
    expect(gpu.latest().fallback).toBeNull();
    await gpu.close();
  });
});
