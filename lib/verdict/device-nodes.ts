import type { DeviceNode, Impact } from '../probe/report.js';
import { joinAnd } from './evidence.js';

/** errno of a node: refused by a cgroup, missing, refused by permissions, not NVIDIA's. */
export const ERRNO = { EPERM: 1, ENOENT: 2, EACCES: 13, ENODEV: 19 } as const;

/** Nodes that CUDA or NVML needs. Others (caps, modeset) may be closed on purpose. */
const ESSENTIAL = /^\/dev\/(dxg|nvidia(ctl|-uvm|\d+))$/;

/** Longest list of paths in a summary; the rest is counted. */
const MAX_NAMED = 3;

export function isEssential(node: DeviceNode): boolean {
  return ESSENTIAL.test(node.path);
}

/** True if the node has an old major number: it belongs to another driver's device, or to none. */
export function isStale({ device, expected }: DeviceNode): boolean {
  if (device === undefined || expected === undefined) return false;
  // mutation: stale-by-major-alone
  return device.major !== expected.major && device.minor === expected.minor;
}

/** Returns the impact if these nodes cannot be opened. NVML works without /dev/nvidia-uvm, CUDA does not. */
export function impactOfNodes(nodes: readonly DeviceNode[]): Partial<Impact> {
  const onlyUvm = nodes.length > 0 && nodes.every(({ path }) => path === '/dev/nvidia-uvm');
  return { starts: 'blocked', watching: onlyUvm ? 'unaffected' : 'broken' };
}

/** Returns the nodes' paths, for a sentence. */
export function pathsOf(nodes: readonly DeviceNode[]): string {
  if (nodes.length === 0) return 'the NVIDIA device nodes';
  const paths = nodes.slice(0, MAX_NAMED).map((node) => node.path);
  const others = nodes.length - paths.length;
  return joinAnd(others > 0 ? [...paths, `${others} more`] : paths);
}
