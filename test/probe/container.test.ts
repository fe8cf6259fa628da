import { describe, expect, it } from 'vitest';
import { describeContainer } from '../../lib/probe/container.js';

/** What containers of each kind look like from inside; the lines are shortened, the places are real. */

const OVERLAY = (upper: string) =>
  `612 540 0:57 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=${upper}`;
const ETC = (root: string) => `640 612 259:1 ${root} /etc/hostname rw,relatime - ext4 /dev/root rw`;
const V2 = '0::/\n';

function container(files: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
  return describeContainer((path) => files[path] ?? null, environment);
}

const none = { container: false, containerRuntime: null, kubernetes: false };

describe('the container runtime', () => {
  it.each<[string, Record<string, string>, NodeJS.ProcessEnv, object]>([
    ['Docker, by its file', { '/.dockerenv': '' }, {}, { containerRuntime: 'docker' }],
    [
      'Docker, by its cgroup of version 1',
      { '/proc/1/cgroup': '5:devices:/docker/4f1c\n' },
      {},
      { containerRuntime: 'docker' },
    ],
    [
      'Docker on the containerd store, by what is mounted at /etc/hostname',
      {
        '/proc/1/cgroup': V2,
        '/proc/self/mountinfo': `${OVERLAY('/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/7/fs')}\n${ETC('/var/lib/docker/containers/4f1c/hostname')}`,
      },
      {},
      { containerRuntime: 'docker' },
    ],
    [
      'Podman, by its file',
      { '/run/.containerenv': 'engine="podman-4.3.1"\nrootless=1\n' },
      {},
      { containerRuntime: 'podman' },
    ],
    [
      'Podman, by its variable',
      { '/run/.containerenv': '' },
      { container: 'podman' },
      { containerRuntime: 'podman' },
    ],
    [
      'rootless Podman, by where it stores',
      {
        '/run/.containerenv': '',
        '/proc/self/mountinfo': OVERLAY('/home/u/.local/share/containers/storage/overlay/7/diff'),
      },
      {},
      { containerRuntime: 'podman' },
    ],
    [
      'a pod on containerd',
      {
        '/proc/1/cgroup': V2,
        '/proc/self/mountinfo': OVERLAY('/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/7/fs'),
      },
      { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
      { containerRuntime: 'containerd', kubernetes: true },
    ],
    [
      'a pod on CRI-O, without its variables',
      {
        '/proc/1/cgroup': V2,
        '/proc/self/mountinfo': `${OVERLAY('/var/lib/containers/storage/overlay/7/diff')}\n${ETC('/var/lib/kubelet/pods/1/etc-hosts').replace('hostname', 'hosts')}`,
      },
      {},
      { containerRuntime: 'cri-o', kubernetes: true },
    ],
    [
      'a pod by its cgroup alone',
      { '/proc/1/cgroup': '0::/kubepods.slice/kubepods-pod1.slice/x.scope\n' },
      {},
      { containerRuntime: null, kubernetes: true },
    ],
    ['LXC', { '/run/systemd/container': 'lxc\n' }, {}, { containerRuntime: 'lxc' }],
    ['systemd-nspawn', {}, { container: 'systemd-nspawn' }, { containerRuntime: 'systemd-nspawn' }],
    [
      'gVisor, whoever started it',
      { '/.dockerenv': '', '/proc/version': 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n' },
      {},
      { containerRuntime: 'gvisor' },
    ],
    ['one that only says that it is one', {}, { container: 'oci' }, { containerRuntime: null }],
  ])('%s', (_, files, environment, expected) => {
    expect(container(files, environment)).toEqual({ ...none, container: true, ...expected });
  });

  it.each<[string, Record<string, string>]>([
    [
      'a bare host',
      { '/proc/1/cgroup': '0::/init.scope\n', '/proc/version': 'Linux version 6.1.0 (gcc 12)' },
    ],
    [
      'a host that runs containers, whose mounts show',
      {
        '/proc/1/cgroup': '0::/init.scope\n',
        '/proc/self/mountinfo': [
          '24 1 259:1 / / rw,relatime - ext4 /dev/root rw',
          '99 24 0:57 / /var/lib/docker/overlay2/7/merged rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/7/diff',
        ].join('\n'),
      },
    ],
    ['a machine without /proc', {}],
  ])('is none on %s', (_, files) => expect(container(files)).toEqual(none));
});
