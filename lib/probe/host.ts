import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import type { NodesFacts } from '../native/frames.js';
import { toDeviceNodes } from './check.js';
import { type Container, describeContainer, type ReadText } from './container.js';
import { describeOwnProcess, findDeviceList } from './own-process.js';
import type { DeviceNode, Host } from './report.js';

/** Files of the kernel's and of container runtimes', none of which leads into the driver. */
const read: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // not there, not readable, or no Linux
  }
};

/** What does not change while a process lives, and takes the list of mounts to tell. */
let place: { container: Container; deviceList: string | null } | undefined;

/** False on musl, where neither the addon nor NVIDIA's libraries can be loaded. */
export function hasGlibc(): boolean {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime !== undefined;
}

/**
 * What is known of the machine; `nodes` is null where layer 0 could not be asked. Of a simulated machine the nodes are
 * no files here.
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

/** stat() takes no permission on the node itself, and does not enter its driver. */
function withPermissions(node: DeviceNode): DeviceNode {
  if (node.name !== 'EACCES') return node;
  try {
    const { uid, gid, mode } = statSync(node.path);
    return { ...node, permissions: { uid, gid, mode: mode & 0o777 } };
  } catch {
    return node; // its directory is closed, or it went away meanwhile
  }
}
