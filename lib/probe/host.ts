import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NodesFacts } from '../native/frames.js';
import { toDeviceNodes } from './check.js';
import type { Host } from './report.js';

const CONTAINER_CGROUP = /docker|containerd|kubepods|libpod|crio|lxc|garden|machine\.slice/;

/** Marks that container runtimes leave: their own files, systemd's variable, the cgroup of PID 1. */
function inContainer(): boolean {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return true;
  if ((process.env.container ?? '') !== '' || process.env.KUBERNETES_SERVICE_HOST !== undefined) return true;
  try {
    return CONTAINER_CGROUP.test(readFileSync('/proc/1/cgroup', 'utf8'));
  } catch {
    return false; // not readable, or no Linux: nothing speaks for a container
  }
}

/** A process stays where it was started: the files are read once, and not at each look of a monitor. */
let container: boolean | undefined;

function isContained(): boolean {
  container ??= inContainer();
  return container;
}

/** False on musl, where neither the addon nor NVIDIA's libraries can be loaded. */
export function hasGlibc(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}

/** What is known of the machine; `nodes` is null where layer 0 could not be asked. */
export function describeHost(nodes: NodesFacts | null): Host {
  return {
    hostname: hostname(),
    container: isContained(),
    kernelDriverVersion:
      nodes === null || nodes.kernelDriverVersion === '' ? null : nodes.kernelDriverVersion,
    kernelModule: nodes?.moduleLoaded ?? false,
    wsl: nodes?.wsl ?? false,
    kernelGpus: nodes?.gpus ?? [],
    deviceNodes: nodes === null ? [] : toDeviceNodes(nodes),
  };
}
