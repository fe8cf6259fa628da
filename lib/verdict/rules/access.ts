import type { Inference } from '../../probe/report.js';
import { ERRNO, isEssential, pathsOf } from '../device-nodes.js';
import { quote, quoteBriefly, quoteNode } from '../quote.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';

/** Access to the device nodes, as the kernel grants it before anything enters the driver. */

const { EPERM, EACCES } = ERRNO;

/** CUDA's word for EPERM on an open in a process whose first opens had worked. */
const NOT_PERMITTED = 800;

const INITS = ['nvml.init', 'cuda.init'] as const;

const RESTART_CONTAINER = [
  'Recreate the container: its processes cannot get the access back, and new GPU work fails until then.',
  'Start it with CDI, `--device nvidia.com/gpu=all`, or with explicit --device flags for /dev/nvidiactl, ' +
    '/dev/nvidia-uvm and each /dev/nvidiaN, so that the runtime knows its devices.',
  'On the host: runc 1.1.7 or newer with systemd 240 or newer; older ones drop device rules on a reload.',
  'Where that cannot be: the cgroupfs driver, `"exec-opts": ["native.cgroupdriver=cgroupfs"]` in ' +
    'daemon.json.',
  'To prove the cause: note the time, and look for `systemctl daemon-reload` or a package upgrade on ' +
    'the host.',
];

export const deviceAccessRevoked: Rule = {
  id: 'device-access-revoked',
  severity: 'critical',
  title: 'Device access refused by the kernel',
  meaning:
    'The nodes are there, but the kernel refuses to open them, even to root. Processes that opened them ' +
    'earlier go on working, and so does their monitoring; every new process, CUDA context and GPU ' +
    'mapping fails.',
  detection:
    'access(R_OK|W_OK) on an NVIDIA device node answers EPERM, which a device cgroup does and file ' +
    'permissions ' +
    'do not (those answer EACCES). The driver is not entered. NVML makes 999 of it, CUDA 100 in a ' +
    'new process, ' +
    '800 in one that opened the driver earlier, 999 where only /dev/nvidia-uvm is refused.',
  lookalikes: [
    "A container that was never given the device, with the host's /dev mounted: refused from the start.",
    'A seccomp profile or security module that answers EPERM by itself.',
  ],
  source: 'NVIDIA/nvidia-container-toolkit#48, opencontainers/runc#3708, opencontainers/runc#4568',
  absorbs: [
    { id: 'nvml-init-failed', answers: [999] },
    { id: 'device-unreadable', answers: [999] },
    { id: 'no-devices' },
    { id: 'cuda-init-failed', answers: [100, 800, 999] },
    { id: 'cuda-context-refused', answers: [100, 800, 999] },
    { id: 'cuda-nvml-disagree' },
    { id: 'fresh-warm-disagree' },
  ],
  find(view) {
    const nodes = view.nodes(EPERM);
    const checks = view.checks({ id: 'nodes', outcome: 'failed', code: EPERM });
    if (nodes.length + checks.length === 0) return [];
    return [
      {
        device: null,
        summary: `The kernel refuses to open ${pathsOf(nodes)} (EPERM): new GPU work fails, old may go on.`,
        observed: [
          ...nodes.map(quoteNode),
          ...checks.map(nodes.length > 0 ? quoteBriefly : quote),
          ...openedEarlier(view),
        ],
        inferred: whyRefused(view),
        remedy: RESTART_CONTAINER,
        answers: [EPERM],
      },
    ];
  },
};

export const devicePermission: Rule = {
  id: 'device-permission',
  severity: 'critical',
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
      {
        device: null,
        summary: `This user may not open ${pathsOf(nodes)} (EACCES).`,
        observed: [...nodes.map(quoteNode), ...checks.map(nodes.length > 0 ? quoteBriefly : quote)],
        inferred: [
          {
            cause: "the nodes' owner, group or mode leave this user out",
            confidence: 'likely',
            because: 'EACCES is the answer of file permissions, or of a security module',
          },
        ],
        remedy: [
          '`ls -l /dev/nvidia*` and `id`: add the user to the group of the nodes (often video).',
          "Container with a non-root user: `--group-add` the nodes' numeric group, or run with that group.",
          'Persistent modes: NVreg_DeviceFileMode of the nvidia module, or the udev rule that sets them.',
          "Permissions look right: look for denials of SELinux or AppArmor in the host's audit log.",
        ],
        answers: [EACCES],
      },
    ];
  },
};

function whyRefused(view: View): Inference[] {
  const causes: Inference[] = [
    {
      cause: 'a device cgroup refuses this process the nodes',
      confidence: 'likely',
      because: 'access() answers EPERM for a device cgroup, and EACCES for file permissions',
    },
  ];
  const before = openedEarlier(view);
  if (before.length > 0) {
    causes.push({
      cause:
        'the access was taken away while the container ran: systemd re-applied its own device list ' +
        '(`systemctl daemon-reload`, often by a package upgrade on the host)',
      confidence: view.facts.host.container ? 'likely' : 'possible',
      because: "an earlier open worked; the devices were then dropped behind the container runtime's back",
    });
  } else {
    causes.push(
      {
        cause: 'systemd re-applied its own device list while the container ran (`systemctl daemon-reload`)',
        confidence: 'possible',
        because: 'it is the common way to lose access, but nothing here shows that access ever worked',
      },
      {
        cause: 'the container was started without access to these devices',
        confidence: 'possible',
        because: 'no earlier open is on record',
      },
    );
  }
  return causes;
}

/**
 * What shows that the devices could be opened before: an earlier look at the nodes, or a process that is
 * past its opens. An NVML that also works in a new process proves nothing: it never opens /dev/nvidia-uvm.
 */
function openedEarlier(view: View): string[] {
  const nodesFailed = view.saw({ id: 'nodes', outcome: 'failed', code: EPERM });
  const checks = [
    ...(nodesFailed ? view.checks({ id: 'nodes', outcome: 'ok' }) : []),
    ...INITS.flatMap((id) =>
      view.saw({ id, via: 'fresh', outcome: 'failed' })
        ? view.checks({ id, via: ['telemetry', 'warm'], outcome: 'ok' })
        : [],
    ),
    // One thread asks the nodes last: what it initialised before that, it could open then.
    ...(view.nodes(EPERM).some(({ path }) => path === '/dev/nvidiactl')
      ? view.checks({ id: INITS, via: 'thread', outcome: 'ok' })
      : []),
    ...view.checks({
      id: 'cuda.context',
      via: ['warm', 'thread'],
      outcome: 'failed',
      code: NOT_PERMITTED,
    }),
  ];
  const earlier = view.history.findLast(({ deviceNodes }) =>
    view
      .nodes(EPERM)
      .some(({ path }) => deviceNodes.some((node) => node.path === path && node.code === null)),
  );
  return [
    ...checks.map((check) => (check.id === 'nodes' ? quoteBriefly(check) : quote(check))),
    ...(earlier ? [`the same nodes could be opened at ${earlier.takenAt}`] : []),
  ];
}
