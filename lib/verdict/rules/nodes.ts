import type { Check, Host, Inference } from '../../probe/report.js';
import { answersOf } from '../answer.js';
import { containerName, giveGpu, recreate } from '../container.js';
import { ERRNO, impactOfNodes, isEssential, isStale, pathsOf } from '../device-nodes.js';
import { quoteSetVariables } from '../environment.js';
import { quote, quoteBriefly, quoteNode } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';
import { unlessWorking } from '../working.js';

/** Device nodes that are missing or wrong although the driver is loaded. */

const { EPERM, ENOENT, EACCES, ENODEV } = ERRNO;

export const deviceNodesUnusable: Rule = {
  id: 'device-nodes-unusable',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'Device nodes missing or unusable',
  meaning: 'The kernel has the driver, but this process has no device nodes through which to reach it.',
  detection:
    'The kernel module is loaded, and the check `nodes` failed with neither EPERM nor EACCES, about more ' +
    'than /dev/nvidia-uvm alone (uvm-node-missing).',
  lookalikes: [
    'A host where nothing has created the nodes yet: nvidia-modprobe, or nvidia-smi as root, does.',
  ],
  source: 'NVIDIA driver README: nvidia-modprobe; NVIDIA/nvidia-container-toolkit: NVIDIA_VISIBLE_DEVICES',
  absorbs: [
    { id: 'library-absent' },
    { id: 'nvml-init-failed', answers: [9, 17] },
    { id: 'no-devices' },
    { id: 'cuda-init-failed', answers: [100, 101, 304] },
    { id: 'cuda-nvml-disagree' },
  ],
  find(view) {
    const checks = unusable(view);
    const missing = view.nodes(ENOENT).filter(isEssential);
    if (checks.length === 0 || onlyUvm(view)) return [];
    return [
      unlessWorking(view, missing, {
        device: null,
        summary: `The driver is loaded, but ${pathsOf(missing)} cannot be used here.`,
        observed: [
          ...missing.map(quoteNode),
          ...checks.map(missing.length > 0 ? quoteBriefly : quote),
          ...quoteSetVariables(view.facts.host, 'NVIDIA_VISIBLE_DEVICES'),
        ],
        inferred: view.facts.host.container
          ? [
              {
                cause: `${containerName(view.facts.host)} was started without a GPU`,
                confidence: 'likely',
                because:
                  "the module is the host's, while the nodes are given to each container by its runtime",
              },
            ]
          : [],
        remedy: [
          ...(view.facts.host.container ? [giveGpu(view.facts.host)] : []),
          'Host: `nvidia-modprobe -c 0 -u` creates the nodes; nvidia-persistenced keeps them across boots.',
        ],
        answers: answersOf(checks),
      }),
    ];
  },
};

export const deviceNodeWrong: Rule = {
  id: 'device-node-wrong',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'machine',
  title: "A device node that is not NVIDIA's",
  meaning:
    'What has the name of a device node is another device, or no device at all. Whoever opens it does not reach ' +
    'the driver.',
  detection:
    'The kernel module is loaded, and stat() of /dev/nvidiactl or /dev/nvidiaN shows something else than a ' +
    'character device 195:255 or 195:N; or of /dev/nvidia-uvm no character device. Where /proc/devices lists the ' +
    "driver's devices, their major numbers are those that it gives, and that of nvidia-uvm counts too.",
  lookalikes: [
    'An empty file or directory that a container runtime made for a bind mount of a node that the host did not have.',
  ],
  source:
    "NVIDIA's libraries check the same numbers at initialisation, and replace the node where they run as root; " +
    'NVIDIA/nvidia-container-toolkit#1934 (a stale major number)',
  absorbs: [
    { id: 'device-nodes-unusable' },
    { id: 'library-absent' },
    { id: 'nvml-init-failed', answers: [4, 9, 17, 999] },
    { id: 'no-devices' },
    { id: 'cuda-init-failed', answers: [100, 101, 304, 999] },
    { id: 'cuda-nvml-disagree' },
  ],
  find(view) {
    const wrong = view.nodes(ENODEV).filter(isEssential);
    if (wrong.length === 0 || !view.facts.host.kernelModule) return [];
    const checks = view.checks({ id: 'nodes', outcome: 'failed', code: ENODEV });
    const stale = wrong.filter(isStale);
    return [
      unlessWorking(view, wrong, {
        device: null,
        impact: impactOfNodes(wrong),
        summary: `${pathsOf(wrong)} does not lead to NVIDIA's driver.`,
        observed: [...wrong.map(quoteNode), ...checks.map(quoteBriefly)],
        inferred: [...(stale.length > 0 ? [STALE] : []), ...(stale.length < wrong.length ? [HANDMADE] : [])],
        remedy: stale.length > 0 ? renewNodes(view.facts.host) : replaceNodes(view.facts.host),
        answers: answersOf(checks),
      }),
    ];
  },
};

const STALE: Inference = {
  cause:
    'the node was made for another major number, by a CDI file or container configuration that is out of date',
  confidence: 'proven',
  because: 'the kernel lists the same device under another major number now',
};

const HANDMADE: Inference = {
  cause: 'the node was made by hand, or by a bind mount of something that was not there',
  confidence: 'possible',
  because: "NVIDIA's own tools give it the right type and numbers",
};

const REPLACE_ON_HOST = 'Host: remove the node; `nvidia-modprobe -c 0 -u` creates the right one.';

function replaceNodes(host: Host): string[] {
  if (!host.container) return [REPLACE_ON_HOST];
  return [giveGpu(host), 'Mount nothing over /dev/nvidia* by hand.', REPLACE_ON_HOST];
}

/** Returns how to replace nodes with an old major number, from the source of the container's nodes. */
function renewNodes(host: Host): string[] {
  if (!host.container) return [REPLACE_ON_HOST];
  const source =
    host.containerRuntime === 'lxc'
      ? "Host: put the kernel's major number into `lxc.cgroup2.devices.allow`: it changes with each kernel."
      : 'Host: `nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml` writes the CDI file again; the major number ' +
        'changes with each kernel.';
  return [source, `${recreate(host)}.`];
}

export const uvmNodeMissing: Rule = {
  id: 'uvm-node-missing',
  impact: impactOn({ starts: 'blocked' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'No /dev/nvidia-uvm',
  meaning:
    'NVML works without this node, and CUDA does not: monitoring may be green while no CUDA work starts.',
  detection:
    '/dev/nvidia-uvm alone is missing. Nothing to report where cuInit works all the same: on a host, CUDA ' +
    'has nvidia-modprobe create the node. Critical where cuInit failed, a warning where CUDA was not asked.',
  lookalikes: ['A host on which no CUDA program has run since it started.'],
  source: 'NVIDIA/k8s-device-plugin#222, pytorch/pytorch#49081',
  absorbs: [
    { id: 'cuda-init-failed', answers: [100, 999] },
    { id: 'cuda-context-refused', answers: [999] },
    { id: 'cuda-nvml-disagree' },
  ],
  find(view) {
    const checks = unusable(view);
    if (checks.length === 0 || !onlyUvm(view) || view.saw({ id: 'cuda.init', outcome: 'ok' })) return [];
    return [
      {
        device: null,
        impact: { starts: view.saw({ id: 'cuda.init', outcome: 'failed' }) ? 'blocked' : 'at-risk' },
        summary: 'CUDA needs /dev/nvidia-uvm, and it is not here.',
        observed: [...view.nodes(ENOENT).map(quoteNode), ...checks.map(quoteBriefly)],
        inferred: [
          {
            cause: "the container was given the GPU's nodes, and not this one",
            confidence: view.facts.host.container ? 'likely' : 'possible',
            because: 'the other nodes are here',
          },
          {
            cause: 'the module nvidia_uvm is not loaded',
            confidence: 'possible',
            because: 'the node is created when it is loaded, not with the GPU itself',
          },
        ],
        remedy: [
          'Host: `nvidia-modprobe -c 0 -u` loads the module and creates the node.',
          ...(view.facts.host.container
            ? [
                'Container: add `--device /dev/nvidia-uvm` to what it is given by hand.',
                giveGpu(view.facts.host),
              ]
            : []),
        ],
        answers: answersOf(checks),
      },
    ];
  },
};

/** Returns the rows of a loaded driver's nodes that are unusable, but not because access is refused. */
function unusable(view: View): Check[] {
  if (!view.facts.host.kernelModule) return [];
  return view
    .checks({ id: 'nodes', outcome: 'failed' })
    .filter((check) => check.code !== EPERM && check.code !== EACCES && check.code !== ENODEV);
}

function onlyUvm(view: View): boolean {
  const bad = view.nodes().filter((node) => isEssential(node) && node.code !== null);
  return bad.length > 0 && bad.every((node) => node.path === '/dev/nvidia-uvm');
}
