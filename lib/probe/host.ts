import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NodesFacts } from '../native/frames.js';
import { toDeviceNodes } from './check.js';
import { type Container, describeContainer, type ReadText } from './container.js';
import { describeOwnProcess, findDeviceList } from './own-process.js';
import type { DeviceNode, Host } from './report.js';

/** Reads files of the kernel and of container runtimes, none of which enters the driver. */
const read: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // missing, unreadable, or not Linux
  }
};

/** Does not change while the process lives, and reading the list of mounts is slow. */
let place: { container: Container; deviceList: string | null } | undefined;

/** Returns false on musl, where neither the addon nor NVIDIA's libraries can be loaded. */
export function hasGlibc(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}

/**
 * Returns what is known about the machine; `nodes` is null if layer 0 could not be read. The nodes of a
 * simulated machine are not files here.
 */
export function describeHost(nodes: NodesFacts | null, simulated: boolean): Host {
  place ??= { container: describeContainer(read, process.env), deviceList: findDeviceList(read) };
  const deviceNodes = nodes === null ? [] : toDeviceNodes(nodes);
  return {
    hostname: hostname(),
    ...place.container,
    ...describeOwnProcess(read, process.env, place.deviceList),
    kernelDriverVersion:
      nodes === null || nodes.kernelDriverVersion === '' ? null : nodes.kernelDriverVersion,
    kernelModule: nodes?.moduleLoaded ?? false,
    wsl: nodes?.wsl ?? false,
    kernelGpus: nodes?.gpus ?? [],
    deviceNodes: simulated ? deviceNodes : deviceNodes.map(withPermissions),
  };
}

/** Adds a refused node's owner and mode. stat() needs no permission on the node and enters no driver. */
function withPermissions(node: DeviceNode): DeviceNode {
  if (node.name !== 'EACCES') return node;
  try {
    const { uid, gid, mode } = statSync(node.path);
    return { ...node, permissions: { uid, gid, mode: mode & 0o777 } };
  } catch {
    return node; // its directory is not accessible, or the node was removed
  }
}
