import type { ContainerRuntime } from './report.js';

/** Returns the text of a file; null if it does not exist or cannot be read. */
export type ReadText = (path: string) => string | null;

/** Whether this is a container, and its runtime. */
export interface Container {
  container: boolean;
  containerRuntime: ContainerRuntime | null;
  kubernetes: boolean;
}

/** The version string of every gVisor kernel (gvisor pkg/sentry/syscalls/linux/linux64.go). */
const GVISOR_KERNEL = /gvisor|Sun Jan 10 15:06:54 PST 2016/i;

/** Names that runtimes give to their cgroups. The order matters: `docker` comes after more specific names. */
const CGROUPS: readonly [pattern: RegExp, runtime: ContainerRuntime | null][] = [
  [/libpod/, 'podman'],
  [/crio/, 'cri-o'],
  [/containerd/, 'containerd'],
  [/docker/, 'docker'],
  [/lxc/, 'lxc'],
  [/machine\.slice/, 'systemd-nspawn'],
  [/kubepods|garden/, null],
];

/** Values of `container=` of PID 1 (https://systemd.io/CONTAINER_INTERFACE). */
const CONTAINER_VARIABLE: Readonly<Record<string, ContainerRuntime>> = {
  docker: 'docker',
  podman: 'podman',
  lxc: 'lxc',
  'lxc-libvirt': 'lxc',
  'systemd-nspawn': 'systemd-nspawn',
  crio: 'cri-o',
};

/** Where runtimes keep what they mount at the root and over the files that they write for each container. */
const MOUNTS: readonly [pattern: RegExp, runtime: ContainerRuntime][] = [
  [/\/docker\/(containers|overlay2)\//, 'docker'],
  [/\/io\.containerd\./, 'containerd'],
  [/\/containers\/storage\/|\/overlay-containers\//, 'podman'],
  [/\/(lxc|lxd|incus)\//, 'lxc'],
  [/\/var\/lib\/machines\//, 'systemd-nspawn'],
];
const THEIR_MOUNTPOINTS = ['/', '/etc/hostname', '/etc/hosts', '/etc/resolv.conf'];
const KUBELET = /\/kubelet\/pods\//;

/**
 * Detects a container by the traces of its runtime: the runtime's files, the variable `container`, the cgroup
 * of PID 1, and the mount at the root. A host that runs containers has such mounts too, but in other places.
 */
export function describeContainer(read: ReadText, environment: NodeJS.ProcessEnv): Container {
  const cgroup = read('/proc/1/cgroup') ?? '';
  const mounts = theirMounts(read('/proc/self/mountinfo') ?? '');
  const kubernetes =
    environment.KUBERNETES_SERVICE_HOST !== undefined || /kubepods/.test(cgroup) || KUBELET.test(mounts);
  const variable = environment.container || read('/run/systemd/container')?.trim() || '';
  const byCgroup = CGROUPS.find(([pattern]) => pattern.test(cgroup));
  const containerRuntime = runtimeOf();
  const marked = containerRuntime !== null || byCgroup !== undefined || kubernetes;
  return {
    container: marked || variable !== '' || read('/run/.containerenv') !== null,
    containerRuntime,
    kubernetes,
  };

  function runtimeOf(): ContainerRuntime | null {
    if (GVISOR_KERNEL.test(read('/proc/version') ?? '')) return 'gvisor';
    if (read('/.dockerenv') !== null) return 'docker';
    if (/engine="(podman|buildah)/.test(read('/run/.containerenv') ?? '')) return 'podman';
    const named = CONTAINER_VARIABLE[variable] ?? byCgroup?.[1];
    if (named !== undefined && named !== null) return named;
    const mounted = MOUNTS.find(([pattern]) => pattern.test(mounts))?.[1] ?? null;
    // Podman and CRI-O keep their containers in the same directory.
    return mounted === 'podman' && kubernetes ? 'cri-o' : mounted;
  }
}

/** Returns the lines of mountinfo(5) for the places where a runtime mounts something. */
function theirMounts(mountinfo: string): string {
  return mountinfo
    .split('\n')
    .filter((line) => THEIR_MOUNTPOINTS.includes(line.split(' ')[4] ?? ''))
    .join('\n');
}
