import type { ContainerRuntime, Host } from '../probe/report.js';

/** Container names and remedies per runtime: a Docker command does not help with LXC. */

const NAMES: Readonly<Record<ContainerRuntime, string>> = {
  docker: 'Docker',
  podman: 'Podman',
  containerd: 'containerd',
  'cri-o': 'CRI-O',
  lxc: 'LXC',
  'systemd-nspawn': 'systemd-nspawn',
  gvisor: 'gVisor',
};

/** Returns for example `a Kubernetes pod (containerd)`, `a Docker container`, `a container`. */
export function containerName({ containerRuntime, kubernetes }: Host): string {
  const name = containerRuntime === null ? '' : NAMES[containerRuntime];
  if (kubernetes) return name === '' ? 'a Kubernetes pod' : `a Kubernetes pod (${name})`;
  return name === '' ? 'a container' : `a ${name} container`;
}

const CDI = '`--device nvidia.com/gpu=all` (CDI)';

/** The first step to start the container with a GPU. */
const GIVE: Readonly<Record<ContainerRuntime | 'kubernetes' | 'unknown', string>> = {
  kubernetes:
    'Pod: ask for the GPU with `resources.limits: nvidia.com/gpu: 1`, on a node with the NVIDIA device plugin, ' +
    'and with `runtimeClassName: nvidia` where that is not the default.',
  docker: `Container: start it with ${CDI} or \`--gpus all\`; in Compose, \`deploy.resources.reservations.devices\`.`,
  podman: `Container: start it with ${CDI}; \`nvidia-ctk cdi generate\` writes the specification that it needs.`,
  containerd: `Container: start it with ${CDI} (\`nerdctl run\`), or \`ctr run --gpus 0\`.`,
  'cri-o': `Container: start it with ${CDI}, or with the runtime handler \`nvidia\`.`,
  lxc:
    'Container: `lxc config device add NAME gpu gpu` (Incus: `incus config ...`) and `nvidia.runtime=true`; plain ' +
    'LXC: `lxc.cgroup2.devices.allow = c 195:* rwm`, and a mount entry for each node.',
  'systemd-nspawn':
    "Container: `--bind=/dev/nvidiactl` and so on for each node, with `DeviceAllow=` for them in the container's unit.",
  gvisor: 'Container: start it with `--nvproxy` of runsc, for a driver version that this runsc knows.',
  unknown: `Container: start it with ${CDI} or \`--gpus all\`.`,
};

/** Returns how to start this container with its GPU. */
export function giveGpu({ containerRuntime, kubernetes }: Host): string {
  // gVisor must be configured to let the driver through, whoever started it.
  if (containerRuntime === 'gvisor') return GIVE.gvisor;
  return GIVE[kubernetes ? 'kubernetes' : (containerRuntime ?? 'unknown')];
}

/** Returns how to replace the container with a new one. */
export function recreate({ containerRuntime, kubernetes }: Host): string {
  if (kubernetes) return 'Delete the pod, so that its controller starts a new one';
  if (containerRuntime === 'lxc') return 'Restart the container (`lxc restart NAME`)';
  if (containerRuntime === 'systemd-nspawn') return 'Restart the container (`machinectl reboot NAME`)';
  if (containerRuntime === 'docker') {
    return 'Recreate the container (`docker compose up -d --force-recreate`, or `docker rm -f` and `docker run`)';
  }
  return 'Recreate the container';
}

/** Returns how to keep a systemd reload from removing devices from running containers. */
export function keepDevices({ containerRuntime, kubernetes }: Host): string[] {
  const hostSide =
    'On the host: runc 1.1.7 or newer with systemd 240 or newer; older ones drop device rules on a reload.';
  if (kubernetes) {
    return [
      'On the node: CDI in the NVIDIA device plugin (`deviceListStrategy: cdi-cri`), so that the kubelet and the ' +
        'runtime know the devices.',
      hostSide,
    ];
  }
  if (containerRuntime === 'lxc' || containerRuntime === 'systemd-nspawn') {
    return [
      'Put the devices into its configuration (`DeviceAllow=`, `lxc.cgroup2.devices.allow`), not only into its cgroup.',
    ];
  }
  const explicit =
    'Start it with CDI, `--device nvidia.com/gpu=all`, or with explicit --device flags for /dev/nvidiactl, ' +
    '/dev/nvidia-uvm and each /dev/nvidiaN, so that the runtime knows its devices.';
  if (containerRuntime === 'podman') return [explicit, hostSide];
  return [
    explicit,
    hostSide,
    'Where that cannot be: the cgroupfs driver, `"exec-opts": ["native.cgroupdriver=cgroupfs"]` in daemon.json.',
  ];
}
