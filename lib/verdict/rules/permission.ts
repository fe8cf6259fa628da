import type { DeviceNode, Host, Inference } from '../../probe/report.js';
import { ERRNO, impactOfNodes, isEssential, pathsOf } from '../device-nodes.js';
import { quote, quoteBriefly, quoteNode, quotePermissions } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';
import { unlessWorking } from '../working.js';

/** File permissions on the device nodes. */

const { EACCES } = ERRNO;

/** How a user namespace shows an id that it does not map (/proc/sys/kernel/overflowuid). */
const UNMAPPED = 65_534;

export const devicePermission: Rule = {
  id: 'device-permission',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'process',
  title: 'No permission on the device nodes',
  meaning: 'File permissions keep this user from opening the GPU. Another user, or root, may be able to.',
  detection: 'access(R_OK|W_OK) on /dev/nvidiactl, /dev/nvidia-uvm or a /dev/nvidiaN answers EACCES.',
  lookalikes: ["EPERM is a device cgroup's answer, not that of file permissions: device-access-revoked."],
  source: 'NVIDIA driver README: NVreg_DeviceFileUID, NVreg_DeviceFileGID and NVreg_DeviceFileMode',
  absorbs: [
    { id: 'nvml-init-failed', answers: [4, 999] },
    { id: 'device-unreadable', answers: [4, 999] },
    { id: 'no-devices' },
    { id: 'cuda-init-failed' },
    { id: 'cuda-context-refused' },
    { id: 'cuda-nvml-disagree' },
    { id: 'fresh-warm-disagree' },
  ],
  find(view) {
    const nodes = view.nodes(EACCES).filter(isEssential);
    const checks = view.checks({ id: 'nodes', outcome: 'failed', code: EACCES });
    if (nodes.length + checks.length === 0) return [];
    return [
      unlessWorking(view, nodes, {
        device: null,
        impact: impactOfNodes(nodes),
        summary: `This user may not open ${pathsOf(nodes)} (EACCES).`,
        observed: [
          ...nodes.map(quoteNode),
          ...checks.map(nodes.length > 0 ? quoteBriefly : quote),
          ...nodes.flatMap(quotePermissions),
          ...quoteUser(view.facts.host),
        ],
        inferred: [whyForbidden(view, nodes)],
        remedy: permit(view.facts.host),
        answers: [EACCES],
      }),
    ];
  },
};

/** Returns true if the owner is not mapped in this user namespace, so no process in it can have that id. */
function ownerIsUnmapped(view: View, nodes: readonly DeviceNode[]): boolean {
  return view.facts.host.userNamespace && nodes.some(({ permissions }) => permissions?.uid === UNMAPPED);
}

function whyForbidden(view: View, nodes: readonly DeviceNode[]): Inference {
  if (ownerIsUnmapped(view, nodes)) {
    return {
      cause:
        'this user namespace (rootless container) does not map the owner of the nodes, and their mode leaves others out',
      confidence: 'likely',
      because: `the nodes belong to ${UNMAPPED}, which stands for every id that is not mapped; root here is not their root`,
    };
  }
  return {
    cause: "the nodes' owner, group or mode leave this user out",
    confidence: 'likely',
    because: 'EACCES is the answer of file permissions, or of a security module',
  };
}

/** Returns for example `this process: uid 1000, gid 1000, groups 27 44, in a user namespace of its own`. */
function quoteUser({ user, userNamespace }: Host): string[] {
  if (user === null) return [];
  const groups = user.groups.length > 0 ? `, groups ${user.groups.join(' ')}` : '';
  const namespace = userNamespace ? ', in a user namespace of its own' : '';
  return [`this process: uid ${user.uid}, gid ${user.gid}${groups}${namespace}`];
}

const MODE = 'Persistent modes: NVreg_DeviceFileMode of the nvidia module, or the udev rule that sets them.';
const SECURITY = "Permissions look right: look for denials of SELinux or AppArmor in the host's audit log.";

function permit({ container, containerRuntime, kubernetes, userNamespace }: Host): string[] {
  const join =
    '`ls -l /dev/nvidia*` and `id`: add the user to the group of the nodes (often video or render), and log in anew.';
  if (userNamespace) {
    const keep =
      containerRuntime === 'podman'
        ? 'Rootless Podman: `--group-add keep-groups` lets the container use the groups of the user who starts it.'
        : "Rootless container: let the user who starts it open the nodes (their group), and keep that user's groups.";
    return [
      keep,
      'Or give the nodes mode 0666 on the host, which is what the driver does by itself.',
      MODE,
      SECURITY,
    ];
  }
  if (kubernetes) {
    return [
      "Pod: `securityContext.supplementalGroups` with the nodes' numeric group, or run as that group.",
      MODE,
      SECURITY,
    ];
  }
  if (!container) return [join, MODE, SECURITY];
  return [
    "Container with a non-root user: `--group-add` the nodes' numeric group, or run with that group.",
    join,
    MODE,
    SECURITY,
  ];
}
