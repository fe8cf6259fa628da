import type { Check, CheckId, Impact, Via } from '../../probe/report.js';
import { DECIDE_OPEN } from '../causes/causes.js';
import { recreate } from '../container.js';
import { joinAnd, quote } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import { byDevice, type View } from '../view.js';

/** Two askers with different answers: the disagreement is a finding of its own. */

/** Checks that enter the driver. Finding its libraries does not. */
const ENTERING: readonly CheckId[] = ['nvml.init', 'nvml.devices', 'cuda.init', 'cuda.context'];

/** CUDA_ERROR_OUT_OF_MEMORY. */
const OUT_OF_MEMORY = 2;

const LONG_LIVED: readonly Via[] = ['telemetry', 'warm'];

export const cudaNvmlDisagree: Rule = {
  id: 'cuda-nvml-disagree',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'CUDA and NVML disagree',
  meaning:
    'One library works and the other does not. A dashboard fed by NVML may be green while no work ' +
    'can start; ' +
    'or work runs that nothing watches.',
  detection:
    'NVML lists GPUs in good health and cuda.init failed, or cuda.init works, no context is refused, and nvml.init failed.',
  lookalikes: [
    'Explained by a graver finding (refused nodes, versions, a lost GPU), it is folded into that.',
  ],
  source: 'NVIDIA/k8s-device-plugin#222',
  find(view) {
    const nvml = view.checks({ id: 'nvml.init' });
    const cuda = view.checks({ id: 'cuda.init' });
    const good = (checks: Check[]) => checks.length > 0 && checks.every((check) => check.outcome === 'ok');
    const failed = (checks: Check[]) => checks.filter((check) => check.outcome === 'failed');
    if (good(nvml) && view.facts.devices.length > 0 && failed(cuda).length > 0) {
      return [disagreement('NVML works and CUDA does not', [...failed(cuda), ...nvml], CUDA_NEEDS_MORE)];
    }
    // If a context fails too, CUDA does not work either.
    const contexts = view.checks({ id: 'cuda.context', outcome: 'failed' });
    if (good(cuda) && contexts.length === 0 && failed(nvml).length > 0) {
      return [disagreement('CUDA works and NVML does not', [...failed(nvml), ...cuda], NVML_ONLY)];
    }
    return [];
  },
};

const CUDA_NEEDS_MORE: Pick<Hit, 'inferred' | 'remedy'> = {
  inferred: [
    {
      cause: "what only CUDA needs is at fault: /dev/nvidia-uvm, its module, or CUDA's environment",
      confidence: 'possible',
      because: 'both libraries open /dev/nvidiactl, and only CUDA opens /dev/nvidia-uvm',
    },
  ],
  remedy: ['Trust CUDA: while it fails, no GPU work starts, whatever the monitoring shows.'],
};

const NVML_ONLY: Pick<Hit, 'inferred' | 'remedy' | 'impact'> = {
  impact: { starts: 'unaffected', watching: 'degraded' },
  inferred: [
    {
      cause: 'the fault is in NVML, or in the process that asked it, and not in the GPU',
      confidence: 'possible',
      because: 'CUDA opens the same driver and starts',
    },
  ],
  remedy: ['Treat monitoring as blind: absence of readings is not an idle GPU.'],
};

export const freshWarmDisagree: Rule = {
  id: 'fresh-warm-disagree',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'restart-app',
  scope: 'process',
  title: 'Old and new processes disagree',
  meaning:
    'A process that opened the driver earlier and one that opens it now get different answers. ' +
    'Sessions that run ' +
    'now go on while new ones fail; or a restart would cure what a running server suffers from.',
  detection:
    'The same check, of the same GPU, is ok in a long-lived process and failed in a new one, or the reverse.',
  lookalikes: ['A fault that began, or ended, between the two questions.'],
  source: 'Datura-ai/lium-io#1007, NVIDIA/nvidia-container-toolkit#251',
  find(view) {
    return byDevice(view.checks({ id: ENTERING })).flatMap(([device, checks]) => {
      const oldOnly = split(checks, LONG_LIVED, ['fresh']);
      const newOnly = split(checks, ['fresh'], LONG_LIVED);
      const where = device === null ? '' : ` on ${view.label(device)}`;
      if (oldOnly.length > 0) {
        return [
          {
            device,
            impact: impactOfChecks(oldOnly),
            summary: `${names(oldOnly)}${where} works in old processes only: what starts now fails.`,
            observed: oldOnly.map(quote),
            ...oldGoOn(view),
          },
        ];
      }
      if (newOnly.length === 0) return [];
      return [
        {
          device,
          impact: impactOfChecks(newOnly),
          summary: `${names(newOnly)}${where} fails in a running process, and works in a new one.`,
          observed: newOnly.map(quote),
          ...RESTART_CURES,
        },
      ];
    });
  },
};

/** NVML serves monitoring, CUDA serves work. */
const impactOfChecks = (checks: readonly Check[]): Partial<Impact> =>
  checks.every(({ id }) => id.startsWith('nvml.')) ? { starts: 'unaffected', watching: 'degraded' } : {};

/**
 * The nodes would show which of the two it is: with a refused node, this is absorbed by
 * device-access-revoked. Here only the codes are left.
 */
function oldGoOn(view: View): Pick<Hit, 'inferred' | 'remedy'> {
  const exhausted = view.saw({ id: ENTERING, outcome: 'failed', code: OUT_OF_MEMORY });
  return {
    inferred: exhausted
      ? [
          {
            cause:
              'something that a new process or session needs is used up, and the running ones have theirs',
            confidence: 'likely',
            because: 'CUDA answers 2 CUDA_ERROR_OUT_OF_MEMORY; a refusal would be 800',
          },
        ]
      : [
          {
            cause: 'access to the driver was lost after the running processes had opened it',
            confidence: 'possible',
            because:
              'permission is checked when a device is opened, and not afterwards; but access() shows no refusal',
          },
          {
            cause: 'the driver takes no new clients: it is in a bad state, or out of a resource',
            confidence: 'possible',
            because: 'what is open goes on in that case too',
          },
        ],
    remedy: [
      ...(exhausted ? [] : DECIDE_OPEN),
      'Sessions that run now go on: let them finish if they must; start new ones elsewhere.',
      view.facts.host.container
        ? `${recreate(view.facts.host)} when they have.`
        : 'Restart the service when they have; if that does not help, reload the driver or reboot the host.',
    ],
  };
}

const RESTART_CURES: Pick<Hit, 'inferred' | 'remedy'> = {
  inferred: [
    {
      cause: "the running process's own state in the driver is broken or used up",
      confidence: 'likely',
      because: 'a new process on the same machine gets what it is refused',
    },
  ],
  remedy: ['Restart the service when its sessions allow: a new process is expected to work.'],
};

function disagreement(
  what: string,
  checks: readonly Check[],
  rest: Pick<Hit, 'inferred' | 'remedy' | 'impact'>,
): Hit {
  return { device: null, summary: `${what}.`, observed: checks.map(quote), ...rest };
}

/** Returns the checks that are ok for one kind of asker and failed for the other. */
function split(checks: readonly Check[], works: readonly Via[], fails: readonly Via[]): Check[] {
  const by = (vias: readonly Via[], outcome: Check['outcome']) =>
    checks.filter((check) => vias.includes(check.via) && check.outcome === outcome);
  const good = by(works, 'ok');
  const bad = by(fails, 'failed');
  return [
    ...good.filter((check) => bad.some((other) => other.id === check.id)),
    ...bad.filter((check) => good.some((other) => other.id === check.id)),
  ];
}

function names(checks: readonly Check[]): string {
  return joinAnd([...new Set(checks.map((check) => check.id))]);
}
