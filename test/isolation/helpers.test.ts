import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const SECRET = 'DATABASE_PASSWORD';

const proc = (pid: number, file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
const oomScore = (pid: number) => Number(proc(pid, 'oom_score_adj'));
const sessionOf = (pid: number) => Number(proc(pid, 'stat').split(') ')[1]?.split(' ')[3]);

/** What is behind each descriptor, by number, without the inode. */
const descriptorsOf = (pid: number): Record<string, string> =>
  Object.fromEntries(
    readdirSync(`/proc/${pid}/fd`).map((fd) => [
      fd,
      readlinkSync(`/proc/${pid}/fd/${fd}`)
        .replace(/:\[\d+\]$/, '')
        .replace(/ \(deleted\)$/, ''),
    ]),
  );

async function started() {
  const env = { [SECRET]: 'hunter2', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  const service = startService('isolation/services/forgetful.mjs', { env });
  const warden = await wardenOf(service.pid, 1);
  const inside = () => runningIn(warden).find(({ name }) => name === 'gpuprobe-nvml');
  expect(await eventually(() => inside() !== undefined)).toBe(true);
  return { service: service.pid, warden, child: inside()?.pid as number };
}

describe('helper processes', () => {
  it('have the descriptors that are theirs, and 0 to 2 open', async () => {
    const { warden, child } = await started();
    const null0to2 = { 0: '/dev/null', 1: '/dev/null', 2: '/dev/null' };
    expect(descriptorsOf(warden)).toMatchObject({ ...null0to2, 3: 'socket' });
    const { 3: socket, 4: world, ...others } = descriptorsOf(child);
    expect(socket).toBe('socket');
    expect(world).toMatch(/^\/memfd:gpuprobe-world/);
    const printed = '/memfd:gpuprobe-printed';
    expect(others).toMatchObject({ 0: '/dev/null', 1: printed, 2: printed, 5: printed });
    // The driver's own; the simulated one opens the machine again.
    const opened = Object.entries(others).filter(([fd]) => Number(fd) > 5);
    expect(opened.map(([, target]) => target)).toEqual([world]);
  });

  it("have the driver's part of the environment, and no secrets", async () => {
    const { warden, child } = await started();
    for (const pid of [warden, child]) expect(proc(pid, 'environ')).not.toContain('hunter2');
    expect(proc(warden, 'environ')).toContain('CUDA_DEVICE_ORDER=PCI_BUS_ID');
  });

  it('are taken before the service where memory runs out, dump no core, and are no part of its session', async () => {
    const { service, warden, child } = await started();
    expect(oomScore(child)).toBeGreaterThan(oomScore(service));
    expect(proc(child, 'limits')).toMatch(/^Max core file size\s+0\s+0 /m);
    expect(sessionOf(warden)).toBe(warden);
    expect(sessionOf(child)).toBe(warden);
    expect(sessionOf(service)).not.toBe(warden);
  });

  it('share nothing with what the service starts itself', async () => {
    const service = startService('isolation/services/own-child.mjs');
    const targets = JSON.parse(await service.line()) as string[];
    expect(targets.length).toBeGreaterThan(2);
    for (const target of targets) expect(target).not.toMatch(/gpuprobe|eventfd/);
  });
});
