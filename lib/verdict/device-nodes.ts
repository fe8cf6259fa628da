import type { DeviceNode, Impact } from '../probe/report.js';
import { joinAnd } from './evidence.js';

/** errno of a node, by what it means: refused by a cgroup, not there, forbidden by permissions, not NVIDIA's. */
export const ERRNO = { EPERM: 1, ENOENT: 2, EACCES: 13, ENODEV: 19 } as const;

/** The nodes that CUDA or NVML cannot do without. Others (caps, modeset) may be closed on purpose. */
const ESSENTIAL = /^\/dev\/(dxg|nvidia(ctl|-uvm|\d+))$/;

/** More paths than a summary can hold are counted. */
const MAX_NAMED = 3;

export function isEssential(node: DeviceNode): boolean {
  return ESSENTIAL.test(node.path);
}

/** Made for another major number than the driver has now: the right device of a driver that is not NVIDIA's, or none. */
export function isStale({ device, expected }: DeviceNode): boolean {
  if (device === undefined || expected === undefined) return false;
  // mutation: stale-by-major-alone
  return device.major !== expected.major && device.minor === expected.minor;
}

/** What it means that these cannot be opened: NVML does without /dev/nvidia-uvm, CUDA does not. */
export function impactOfNodes(nodes: readonly DeviceNode[]): Partial<Impact> {
  const onlyUvm = nodes.length > 0 && nodes.every(({ path }) => path === '/dev/nvidia-uvm');
  return { starts: 'blocked', watching: onlyUvm ? 'unaffected' : 'broken' };
}

/** The paths of nodes, for a sentence. */
export function pathsOf(nodes: readonly DeviceNode[]): string {
  if (nodes.length === 0) return 'the NVIDIA device nodes';
  const paths = nodes.slice(0, MAX_NAMED).map((node) => node.path);
  const others = nodes.length - paths.length;
  return joinAnd(others > 0 ? [...paths, `${others} more`] : paths);
}
