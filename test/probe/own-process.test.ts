import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeOwnProcess, findDeviceList, inUserNamespace } from '../../lib/probe/own-process.js';
import { startService } from '../support/service.js';

function own(files: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
  const read = (path: string) => files[path] ?? null;
  return describeOwnProcess(read, environment, findDeviceList(read));
}

describe('what this process is', () => {
  it('tells a user namespace of its own from that of the machine', () => {
    expect(inUserNamespace(readFileSync('/proc/self/uid_map', 'utf8'))).toBe(false);
    expect(inUserNamespace('         0          0 4294967295\n')).toBe(false);
    expect(inUserNamespace('         0       1000          1\n         1     100000      65536\n')).toBe(
      true,
    );
    expect(inUserNamespace(null)).toBe(false);
  });

  it('keeps the variables that decide what it gets, and no others', () => {
    const { environment } = own(
      {},
      {
        NVIDIA_DRIVER_CAPABILITIES: 'utility',
        CUDA_VISIBLE_DEVICES: '',
        AWS_SECRET_ACCESS_KEY: 'not for a report',
        NVIDIA_VISIBLE_DEVICES: 'GPU-'.repeat(1000),
      },
    );
    expect(Object.keys(environment).sort()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'NVIDIA_DRIVER_CAPABILITIES',
      'NVIDIA_VISIBLE_DEVICES',
    ]);
    expect(environment.CUDA_VISIBLE_DEVICES).toBe('');
    expect(environment.NVIDIA_VISIBLE_DEVICES).toHaveLength(256);
  });

  const mount = (root: string, at: string) =>
    `31 25 0:27 ${root} ${at} rw,nosuid - cgroup cgroup rw,devices\n32 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`;
  it.each([
    [
      'in the cgroup of the mount itself',
      '/',
      '/',
      '/sys/fs/cgroup/devices',
      '/sys/fs/cgroup/devices/devices.list',
    ],
    ['below it', '/docker/4f', '/', '/cg/devices', '/cg/devices/docker/4f/devices.list'],
    [
      'in a container that sees its own cgroup as the mount',
      '/docker/4f',
      '/docker/4f',
      '/cg/devices',
      '/cg/devices/devices.list',
    ],
    ['below that', '/docker/4f/job', '/docker/4f', '/cg/devices', '/cg/devices/job/devices.list'],
  ])('reads what its device cgroup of version 1 allows, %s', (_, path, root, at, list) => {
    const files = { '/proc/self/cgroup': `5:devices:${path}\n0::/`, '/proc/self/mountinfo': mount(root, at) };
    expect(own({ ...files, [list]: 'c 1:3 rwm\nc *:* m\n' }).deviceRules).toEqual(['c 1:3 rwm', 'c *:* m']);
    expect(own(files).deviceRules).toBeNull();
  });

  it('has no such list with cgroups of version 2 alone', () => {
    expect(own({ '/proc/self/cgroup': '0::/\n' }).deviceRules).toBeNull();
  });
});

describe('file descriptors', () => {
  const files = {
    '/proc/self/limits':
      'Limit  Soft  Hard  Units\nMax open files            4096                 1048576              files\n',
    '/proc/sys/fs/file-nr': '2976\t0\t9223372036854775807\n',
  };

  it('are counted against the limit, and those of the system against its own', () => {
    const { openFiles } = own(files);
    expect(openFiles).toMatchObject({ limit: 4096, systemOpen: 2976 });
    expect(openFiles.open).toBeGreaterThan(3);
  });

  it('are known to a process that can open nothing more', async () => {
    // Node raises its soft limit to the hard one.
    const through = ['prlimit', '--nofile=256:256'];
    const service = startService('probe/services/out-of-descriptors.mjs', { through });
    const { full, free } = JSON.parse(await service.line());
    expect(full).toMatchObject({ open: 256, limit: 256 });
    expect(free.open).toBeLessThan(free.limit);
  });
});
