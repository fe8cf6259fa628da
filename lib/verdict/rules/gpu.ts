import { deviceId } from '../../probe/device-id.js';
import type { Action, Check, Impact, RecoveryAction, Scope } from '../../probe/report.js';
import { quote, quoteUnavailable } from '../evidence.js';
import type { PastDevice } from '../history.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Absorbs, Hit, Rule } from '../rule.js';
import { byDevice, type View, withoutSums } from '../view.js';
import { XIDS } from '../xids.js';
import { PENDING } from './memory.js';

/** A GPU that is lost, or no longer fully working. */

const GPU_IS_LOST = 15;
const RESET_REQUIRED = 16;
/** Its Xid. */
const FALLEN_OFF_THE_BUS = 79;

/** Symptoms of both, by NVML's code; CUDA has no codes for them. */
const symptoms = (code: number): Absorbs[] => [
  { id: 'nvml-init-failed', answers: [code, 999] },
  { id: 'device-unreadable', answers: [code, 999] },
  { id: 'cuda-init-failed', answers: [100, 999] },
  { id: 'cuda-context-refused', answers: [46, 100, 101, 999] },
  { id: 'cuda-nvml-disagree' },
  { id: 'fresh-warm-disagree' },
];

export const gpuLost: Rule = {
  id: 'gpu-lost',
  impact: impactOn({ starts: 'blocked', watching: 'broken', running: 'lost' }),
  action: 'reboot',
  scope: 'gpu',
  title: 'GPU lost',
  meaning: 'The driver can no longer reach the GPU. Work on it is dead, and it does not come back by itself.',
  detection: 'NVML answers 15 NVML_ERROR_GPU_IS_LOST, to a check or for a reading.',
  lookalikes: ['A GPU that only needs a reset answers 16: reset-required.'],
  source: 'https://docs.nvidia.com/deploy/xid-errors/ (Xid 79, fallen off the bus)',
  absorbs: [...symptoms(GPU_IS_LOST), { id: 'xid-critical', answers: [FALLEN_OFF_THE_BUS] }],
  find(view) {
    return answering(view, GPU_IS_LOST, (device) => ({
      summary: `${capital(view.label(device))} is lost: the driver can no longer reach it.`,
      inferred: [
        {
          cause: "the GPU has fallen off the bus, or is otherwise out of the driver's reach",
          confidence: 'proven',
          because: 'this is what 15 stands for; it does not say why',
        },
        {
          cause: 'hardware: power, heat, the riser or the slot; or a fault of the GPU or its firmware',
          confidence: 'possible',
          because: "the kernel log's Xid (79: fallen off the bus) and PCIe errors tell these apart",
        },
      ],
      remedy: [
        'Move its work to another GPU or machine: it will not come back while the driver runs.',
        'Save `dmesg` and `nvidia-bug-report.sh` first: the reboot erases them.',
        'Reboot the host; a power cycle where a reboot does not bring the GPU back.',
        'If it comes again: reseat or replace the card, and check its power and cooling.',
      ],
    }));
  },
};

export const resetRequired: Rule = {
  id: 'reset-required',
  impact: impactOn({ starts: 'blocked', running: 'degraded' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'GPU needs a reset, or another recovery',
  meaning:
    'The GPU has had an error after which it does not work, or not in full, until it is reset or the machine ' +
    'rebooted.',
  detection:
    'NVML answers 16 NVML_ERROR_RESET_REQUIRED, to a check or for a reading; or recoveryAction is gpu-reset, ' +
    'drain-and-reset, bus-reset, node-reboot or system-reboot. Any other recoveryAction but none is a warning. An ' +
    'action that was read earlier stands until `none` is read: one that cannot be read now is not gone.',
  lookalikes: ['A GPU that has gone altogether answers 15: gpu-lost.'],
  source:
    'https://docs.nvidia.com/deploy/nvml-api/ (NVML_ERROR_RESET_REQUIRED, nvmlDeviceGpuRecoveryAction_t)',
  absorbs: [
    ...symptoms(RESET_REQUIRED),
    { id: 'recovery-action-changed' },
    ...PENDING,
    { id: 'xid-critical', answers: XIDS.filter(({ action }) => action === 'reset').map(({ code }) => code) },
  ],
  find(view) {
    const hits = answering(view, RESET_REQUIRED, (device) => ({
      summary: `${capital(view.label(device))} needs a reset before it can be used again.`,
      inferred: [
        {
          cause: 'the driver has marked the GPU as in need of a reset',
          confidence: 'proven',
          because: 'this is what 16 stands for; the Xid in the kernel log says after which error',
        },
      ],
      remedy: RESET,
    }));
    for (const asked of recoveries(view)) {
      const refused = hits.find(({ device }) => device === asked.device);
      if (refused === undefined) hits.push(asked);
      else
        Object.assign(refused, { observed: [...refused.observed, ...asked.observed], remedy: asked.remedy });
    }
    return hits;
  },
};

const STOP = 'Stop everything that uses the GPU, exporters and nvidia-persistenced included.';
const RESET = [
  STOP,
  'On the host, as root: `nvidia-smi --gpu-reset -i INDEX`; with NVLink, all GPUs of the group together.',
  'If the reset is refused: reboot the host.',
];

interface Recovery {
  summary(label: string): string;
  remedy: string[];
  impact?: Partial<Impact>;
  action?: Action;
  scope?: Scope;
}

/** The finding for each action that the driver asks for. */
type KnownAction = Exclude<RecoveryAction, 'none' | `unknown-${number}`>;

const RECOVERIES: Readonly<Record<KnownAction, Recovery>> = {
  'gpu-reset': {
    summary: (label) => `The driver asks for a reset of ${label} before it is used again.`,
    remedy: RESET,
  },
  'drain-and-reset': {
    summary: (label) => `${label} works in part only: the driver asks to drain and then reset it.`,
    remedy: ['Start no new work on it; what runs may end.', ...RESET],
  },
  'node-reboot': {
    summary: (label) => `The driver asks for a reboot of the machine, because of ${label}.`,
    action: 'reboot',
    scope: 'machine',
    remedy: ['Drain the machine and reboot it: a reset of the GPU is not enough.'],
  },
  'drain-p2p': {
    summary: (label) => `The driver asks to stop what moves data between ${label} and other GPUs.`,
    remedy: [
      'Stop work that uses several GPUs together with this one.',
      'Then run gpuprobe again: the driver then says what else is needed.',
    ],
    impact: { starts: 'at-risk' },
    action: 'restart-app',
  },
  'recover-imex-domain': {
    summary: (label) => `The driver asks to recover the IMEX domain of ${label}.`,
    remedy: [
      'Work on one machine goes on; work that shares memory across machines does not.',
      'On each machine of the domain: `systemctl status nvidia-imex` and `nvidia-imex-ctl -N`; restart nvidia-imex there.',
    ],
    impact: { starts: 'at-risk' },
    action: 'fix-config',
    scope: 'fabric',
  },
  'bus-reset': {
    summary: (label) => `The driver asks for a reset of the bus of ${label} before it is used again.`,
    remedy: [
      STOP,
      'On the host, as root: `nvidia-smi --gpu-reset -i INDEX`, which resets the bus on drivers that ask for it.',
      'If the reset is refused: reboot the host.',
    ],
  },
  'system-reboot': {
    summary: (label) => `The driver asks for a reboot of the system, because of ${label}.`,
    action: 'reboot',
    scope: 'machine',
    remedy: ['Drain the machine and reboot it: a reset of the GPU is not enough.'],
  },
};

/** A code of a newer driver: any code except 0 asks for something. */
function unknownRecovery(action: string): Recovery {
  const number = action.replace('unknown-', '');
  return {
    summary: (label) =>
      `The driver asks for recovery action ${number} of ${label}, which this version does not know.`,
    remedy: [
      'On the host: `nvidia-smi -q | grep -i "recovery action"`, of the same driver, has its name: do what it says.',
      'Upgrade gpuprobe: a newer version may know it.',
    ],
    impact: { starts: 'at-risk' },
  };
}

function recoveries(view: View): Hit[] {
  return perDevice(view, ({ recoveryAction }, id, label) => {
    const read = recoveryAction === null ? lastAction(view, id) : { action: recoveryAction, at: null };
    if (read === null || read.action === 'none') return null;
    const { action, at } = read;
    const { summary, ...rest } = isKnown(action) ? RECOVERIES[action] : unknownRecovery(action);
    const when = at === null ? '' : `, read at ${at}; it cannot be read now`;
    return {
      ...rest,
      summary: summary(label),
      observed: [`${id}: recoveryAction ${action}${when}`],
      inferred: [
        {
          cause: 'the GPU has had an error that only this clears',
          confidence: 'likely',
          because: "it is the driver's own advice; the Xid in the kernel log says after which error",
        },
      ],
    };
  });
}

const isKnown = (action: RecoveryAction): action is KnownAction => Object.hasOwn(RECOVERIES, action);

/** The last recovery action that could be read. */
const lastAction = (view: View, id: string): PastDevice['recovery'] =>
  view.history.at(-1)?.devices.find((device) => device.id === id)?.recovery ?? null;

/** Returns one hit for each device, or the machine, for which NVML answers with this code. */
function answering(
  view: View,
  code: number,
  describe: (device: string | null) => Pick<Hit, 'summary' | 'inferred' | 'remedy'>,
): Hit[] {
  const ids = ['nvml.init', 'nvml.devices', 'nvml.telemetry'] as const;
  const checks = new Map<string | null, Check[]>(
    byDevice(withoutSums(view.checks({ id: ids, outcome: 'failed', code }))),
  );
  const readings = new Map(
    view.facts.devices.map((device) => [deviceId(device), quoteUnavailable(device, { code })] as const),
  );
  const affected = [...readings].filter(([, lines]) => lines.length > 0).map(([id]) => id);
  return [...new Set([...checks.keys(), ...affected])].map((device) => ({
    device,
    ...describe(device),
    observed: [
      ...(checks.get(device) ?? []).map(quote),
      ...(device === null ? [] : (readings.get(device) ?? [])),
    ],
    answers: [code],
  }));
}

function capital(label: string): string {
  return label === 'the machine' ? 'A GPU' : label;
}
