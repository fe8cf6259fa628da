import type { Inference } from '../../probe/report.js';
import { keepDevices, recreate } from '../container.js';
import { ERRNO, impactOfNodes, pathsOf } from '../device-nodes.js';
import { quote, quoteBriefly, quoteNode } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';
import { unlessWorking } from '../working.js';

/** Access to the device nodes, as the kernel grants it before anything enters the driver. */

const { EPERM } = ERRNO;

/** CUDA's code for EPERM on an open in a process whose first opens had worked. */
const NOT_PERMITTED = 800;

const INITS = ['nvml.init', 'cuda.init'] as const;

const RESTART =
  'Restart the service; in a container, recreate the container: that is the sure way. Running processes regain access ' +
  'only if the device cgroup allows these nodes again, which systemd does not do by itself.';
const PROVE =
  'To prove the cause: note the time, and look for `systemctl daemon-reload` or a package upgrade on the host.';

function remedyFor({ facts: { host } }: View): string[] {
  if (host.container) return [RESTART, `${recreate(host)}.`, ...keepDevices(host), PROVE];
  return [
    RESTART,
    'A unit of systemd: `systemctl show UNIT -p DevicePolicy -p DeviceAllow`; allow `char-nvidia` and `char-nvidia-uvm`.',
    'A container whose runtime does not show here: give it its devices by CDI or by explicit --device flags.',
    PROVE,
  ];
}

export const deviceAccessRevoked: Rule = {
  id: 'device-access-revoked',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'restart-container',
  scope: 'container',
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
      unlessWorking(view, nodes, {
        device: null,
        impact: impactOfNodes(nodes),
        ...(view.facts.host.container ? {} : { action: 'restart-app', scope: 'process' }),
        summary: `The kernel refuses to open ${pathsOf(nodes)} (EPERM): new GPU work fails, old may go on.`,
        observed: [
          ...nodes.map(quoteNode),
          ...checks.map(nodes.length > 0 ? quoteBriefly : quote),
          ...deniedByCgroup(view),
          ...openedEarlier(view),
        ],
        inferred: whyRefused(view),
        remedy: remedyFor(view),
        answers: [EPERM],
      }),
    ];
  },
};

const TAKEN_AWAY =
  'the access was taken away while the container ran: systemd re-applied its own device list ' +
  '(`systemctl daemon-reload`, often by a package upgrade on the host)';

/** Returns what refuses access, and why: two causes only if they are not equally certain. */
function whyRefused(view: View): Inference[] {
  const before = openedEarlier(view).length > 0;
  const lost: Inference = {
    cause: TAKEN_AWAY,
    confidence: before && view.facts.host.container ? 'likely' : 'possible',
    because: before
      ? "an earlier open worked; the devices were then dropped behind the container runtime's back"
      : 'it is the common way to lose access, but nothing here shows that access ever worked',
  };
  if (deniedByCgroup(view).length > 0) {
    const because = 'its list of allowed devices can be read here, and they are not in it';
    return [
      { cause: 'the device cgroup of this process does not allow the nodes', confidence: 'proven', because },
      lost,
    ];
  }
  const eperm = 'access() answers EPERM for a device cgroup, and EACCES for file permissions';
  if (lost.confidence === 'likely') return [{ ...lost, because: `${eperm}; ${lost.because}` }];
  return [
    { cause: 'a device cgroup refuses this process the nodes', confidence: 'likely', because: eperm },
    lost,
    ...(before ? [] : [NEVER_GIVEN]),
  ];
}

const NEVER_GIVEN: Inference = {
  cause: 'the container was started without access to these devices',
  confidence: 'possible',
  because: 'no earlier open is on record',
};

/**
 * Returns the evidence that a version 1 device cgroup denies the nodes, because it lists what it allows.
 * `a *:* rwm` means everything except what was denied, and denials are not shown, so it proves nothing.
 * `c *:* m` is what runtimes allow everybody: to create nodes, not to open them.
 */
function deniedByCgroup(view: View): string[] {
  const { deviceRules } = view.facts.host;
  const refused = view.nodes(EPERM).some(({ path }) => /^\/dev\/nvidia(ctl|\d+)$/.test(path));
  if (deviceRules === null || !refused || deviceRules.some((rule) => /^[ac] (\*|195):\S+ rw/.test(rule)))
    return [];
  return [`devices.list of this cgroup: ${deviceRules.length} entries, none of which allows \`c 195:*\``];
}

/**
 * Returns the evidence that the devices could be opened earlier: an earlier look at the nodes, or a process
 * that has them open. An NVML that works in a new process proves nothing, because it never opens
 * /dev/nvidia-uvm.
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
    // In thread mode the nodes are checked last: what initialised before could still be opened then.
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
