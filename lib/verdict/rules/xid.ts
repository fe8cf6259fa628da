import type { Action, Confidence, Severity } from '../../probe/report.js';
import { joinAnd } from '../evidence.js';
import { type HeardXid, heardXids } from '../history.js';
import { impactOn } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import type { View } from '../view.js';
import { findXid, isKnownXid, XID_SOURCE, type Xid, type XidAction } from '../xids.js';

/** What the driver itself reported when it happened. */

const SEEN_IN =
  'Xids come to a monitor that runs when they happen; a single look sees none (`xids` is null in its report).';
const LOG =
  'On the host: `dmesg | grep -i xid`: the lines around it say what led to it. `gpuprobe explain xid-N` has each.';

export const xidCritical: Rule = {
  id: 'xid-critical',
  impact: impactOn({ starts: 'blocked', running: 'lost' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'The driver reported a fault of the GPU',
  meaning:
    'The driver reported an Xid after which the GPU is not to be trusted with new work until it was reset, or the ' +
    'machine rebooted.',
  detection:
    'NVML delivered an Xid of a fault of the GPU, its memory, links or firmware: one that NVIDIA asks a reset or a ' +
    'reboot for. Such an Xid stands for as long as this monitor has run since: a GPU that a process keeps open ' +
    'cannot be reset.',
  lookalikes: [
    'Faults of an application (13, 31, 43, 45, 68, 109): xid-application, and never held against the GPU.',
    SEEN_IN,
  ],
  source: XID_SOURCE,
  find: (view) => hits(view, 'critical', heard(view)),
};

export const xidReported: Rule = {
  id: 'xid-reported',
  impact: impactOn({ starts: 'at-risk', running: 'degraded' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'The driver reported an error',
  meaning:
    'The driver reported an Xid that ended the work of one program, or asks for attention; other work goes on.',
  detection:
    'NVML delivered an Xid that is neither a fault of an application nor one that asks for a reset now.',
  lookalikes: ['One that asks for a reset: xid-critical.', SEEN_IN],
  source: XID_SOURCE,
  find: (view) => hits(view, 'warning', current(view)),
};

export const xidApplication: Rule = {
  id: 'xid-application',
  impact: impactOn({}),
  action: 'restart-app',
  scope: 'process',
  title: 'A program made an error on the GPU',
  meaning:
    'The driver reported an Xid as it follows from a bug in a program, from its end, or as a mere notice. The GPU is well.',
  detection:
    "NVML delivered an Xid of an application's fault (13, 31, 43, 45, 68, 109 as NVIDIA's device plugin has it), or a notice.",
  lookalikes: [
    'The same code again and again, from programs that work elsewhere: then the memory or the link may be at fault.',
    SEEN_IN,
  ],
  source: 'NVIDIA/k8s-device-plugin internal/rm/health.go (Xids that it ignores)',
  find: (view) => hits(view, 'info', current(view)),
};

/** GPU_RECOVERY_ACTION_CHANGED. */
const ACTION_CHANGED = 154;

/** Xid 154 says that the action has changed; only the kernel log says to which. */
export const recoveryActionChanged: Rule = {
  id: 'recovery-action-changed',
  impact: impactOn({ starts: 'at-risk', running: 'degraded' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'The driver changed what it asks for to recover a GPU',
  meaning:
    'The driver wants something done so that the GPU works in full again: a reset, a reboot, or nothing any more. ' +
    'Which of these it is could not be read here.',
  detection:
    'NVML delivered Xid 154 and recoveryAction cannot be read. It stands until the action can be read, or this monitor ' +
    'is started again. Where the action can be read, that is reported instead: reset-required, or nothing where it is none.',
  lookalikes: ['With a driver that gives the action (570 and newer): reset-required names it.', SEEN_IN],
  source: XID_SOURCE,
  find: (view) =>
    [
      ...byGpu(
        view,
        heard(view).filter(({ code }) => code === ACTION_CHANGED),
      ),
    ].flatMap(([id, xids]) => {
      if (id !== null && view.device(id)?.recoveryAction != null) return [];
      return [
        {
          device: id,
          summary: `The driver changed what it asks for to recover ${id === null ? 'a GPU' : view.label(id)} (Xid 154).`,
          observed: [
            `${id ?? 'a GPU'}: Xid ${ACTION_CHANGED} ${findXid(ACTION_CHANGED).name} ${times(xids, ACTION_CHANGED)}`,
          ],
          inferred: [],
          remedy: [
            'On the host: `dmesg | grep "Xid.*154"`: the kernel log has the action by its name, such as "Node Reboot Required". Do what it says.',
            'Start no new work on this GPU before that, unless the line says None.',
            'Then restart this monitor, so that it forgets the Xid.',
          ],
          answers: [ACTION_CHANGED],
        },
      ];
    }),
};

const ACTIONS: Readonly<Record<XidAction, string[]>> = {
  none: [],
  'as-logged': [],
  'restart-app': ['Restart the program whose work was ended; the kernel log has its pid.'],
  reset: [
    'Start no new work on this GPU, and let or make what runs there end.',
    'On the host, as root: `nvidia-smi --gpu-reset -i INDEX`, when nothing uses it; reboot where that is refused.',
  ],
  reboot: [
    'Move its work to another GPU or machine; save `nvidia-bug-report.sh` first.',
    'Reboot the host; a power cycle where that does not bring the GPU back.',
  ],
  support: ["It comes again: look it up in NVIDIA's catalogue, and ask the maker of the card."],
};

/** The same actions in the report's terms. */
const NEEDED: Readonly<Record<XidAction, Action>> = {
  none: 'none',
  'as-logged': 'reset-gpu',
  'restart-app': 'restart-app',
  support: 'none',
  reset: 'reset-gpu',
  reboot: 'reboot',
};

/** Stronger actions come later, so that a reset is not advised if a reboot is needed. */
const WEAKEST_FIRST: readonly XidAction[] = [
  'none',
  'as-logged',
  'restart-app',
  'support',
  'reset',
  'reboot',
];

const CAUSES: Readonly<Record<Xid['fault'], [cause: string, confidence: Confidence, because: string]>> = {
  application: [
    'a bug in a program, or its end',
    'likely',
    'that is what mostly leads to this code; the kernel log has the pid',
  ],
  engine: [
    'one engine of the GPU failed at the work it was given',
    'likely',
    'the driver names the engine; it does not say whether the work or the engine is bad',
  ],
  memory: ['a part of the memory is failing', 'likely', 'the driver reports these as ECC finds them'],
  link: [
    'a link between GPUs, or the device at its other end, failed',
    'likely',
    'when one end fails, the other reports it too',
  ],
  bus: [
    'the PCIe link, the power or the GPU itself failed',
    'likely',
    'it is what the driver met; PCIe errors in the kernel log tell these apart',
  ],
  driver: [
    "the driver's code on the GPU is stuck or has failed",
    'likely',
    'the code is that of its own processor or firmware',
  ],
  notice: [
    'another event, which has an Xid or a reading of its own',
    'possible',
    'this code only tells of it',
  ],
};

const current = (view: View) => heardXids([], view.facts.xids ?? []);
const heard = (view: View) => heardXids(view.history.at(-1)?.xids ?? [], view.facts.xids ?? []);

/** Returns one hit per GPU with Xids of this severity. Xids without a GPU belong to the machine. */
function hits(view: View, severity: Severity, xids: readonly HeardXid[]): Hit[] {
  const these = xids.filter(({ code }) => code !== ACTION_CHANGED && findXid(code).severity === severity);
  return [...byGpu(view, these)].map(([device, own]) => hit(view, device, own));
}

function byGpu(view: View, xids: readonly HeardXid[]): Map<string | null, HeardXid[]> {
  const byDevice = new Map<string | null, HeardXid[]>();
  for (const xid of xids) {
    const device = view.canonical(xid.device);
    byDevice.set(device, [...(byDevice.get(device) ?? []), xid]);
  }
  return byDevice;
}

function hit(view: View, device: string | null, events: readonly HeardXid[]): Hit {
  const xids = [...new Set(events.map(({ code }) => code))].map(findXid);
  const action = WEAKEST_FIRST.findLast((one) => xids.some((xid) => xid.action === one)) ?? 'none';
  const about = device === null ? '' : ` about ${view.label(device)}`;
  const known = xids.filter(({ code }) => isKnownXid(code));
  const causes = [...new Set(known.map(({ fault }) => fault))].map((fault) => CAUSES[fault]);
  return {
    device,
    action: NEEDED[action],
    summary: `The driver reported${about}: ${joinAnd(xids.map(({ code, what }) => `Xid ${code}, ${what}`))}.`,
    observed: xids.map(
      ({ code, name }) => `${device ?? 'a GPU'}: Xid ${code} ${name} ${times(events, code)}`,
    ),
    inferred: causes.map(([cause, confidence, because]) => ({ cause, confidence, because })),
    remedy: [...ACTIONS[action], LOG],
    answers: xids.map(({ code }) => code),
  };
}

/** Returns for example `at 12:28:30Z`, `3 times, last at ...`: a driver may repeat an Xid every 45 s. */
function times(events: readonly HeardXid[], code: number): string {
  const these = events.filter((event) => event.code === code);
  const count = these.reduce((sum, xid) => sum + xid.count, 0);
  const last = these.at(-1)?.at;
  return count === 1 ? `at ${last}` : `${count} times, last at ${last}`;
}
