import { seconds } from '../../format.js';
import type { Check, Impact } from '../../probe/report.js';
import { ending, quote } from '../evidence.js';
import { impactOn, NOT_SEEN } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import { byDevice, type View } from '../view.js';
import { PERSIST } from './persistence.js';

/** What happened to the asking processes. Named after the observation: a probe did not return. */

export const driverUnresponsive: Rule = {
  id: 'driver-unresponsive',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'reboot',
  scope: 'machine',
  title: 'The driver did not answer',
  meaning:
    'A call into the driver has not come back within its deadline. Only that is known: it may be ' +
    'slow, or stuck ' +
    'for good. A service that makes the same call on its own threads waits too.',
  detection:
    "A check's outcome is `timeout`. The call goes on in its helper process, which serves again should it return.",
  lookalikes: [
    'First use without persistence mode: 1 to 3 s for each GPU, one after the other. The default deadline grows with ' +
      'the GPUs that the kernel lists; one that was given does not.',
    'GSP time-outs (Xid 119) come back after 45 s each.',
    'A machine out of CPU: look at its load before the driver.',
  ],
  source: 'NVIDIA/open-gpu-kernel-modules#446, NVIDIA/NVSentinel#1574, NVIDIA/nvidia-docker#628',
  find(view) {
    return byDevice(view.checks({ outcome: 'timeout' })).map(([device, checks]) => {
      const opening = slowOpen(view, checks);
      return {
        device,
        impact: impactOfCalls(checks),
        summary: unanswered(checks, device === null ? '' : ` for ${view.label(device)}`),
        observed: [...checks.map(quote), ...opening.observed],
        inferred: [
          ...opening.inferred,
          {
            cause: 'the call waits on a lock or a reply inside the driver',
            confidence: 'possible',
            because: 'it entered the driver and did not return; who holds what cannot be seen from outside',
          },
          {
            cause: 'the GPU or its firmware answers slowly',
            confidence: 'possible',
            because: 'Xid 119 and 120 in the kernel log say so where it is the case',
          },
        ],
        remedy: [
          'Do not make the same call from the service to see: it would block there too.',
          'Run gpuprobe again with a longer `--deadline`: slow, or stuck?',
          ...opening.remedy,
          'On the host: `dmesg | grep -iE "nvrm|xid|blocked for"`.',
          'Processes in D state (`ps -eo pid,stat,wchan:32,comm | grep " D"`) end only with the wait, ' +
            'or a reboot.',
          'If it lasts however long the deadline: drain the machine and reboot it.',
        ],
      };
    });
  },
};

/** Longest open per GPU without persistence mode. */
const OPEN_MS_PER_GPU = 3000;

type Opening = Pick<Hit, 'observed' | 'inferred' | 'remedy'>;

/** Returns evidence if a first open had less time than it may take without persistence mode. */
function slowOpen(view: View, checks: readonly Check[]): Opening {
  const gpus = view.facts.host.kernelGpus.length;
  const opens = checks.filter(
    ({ id, detail }) => /^(nvml|cuda)\.(init|devices)$/.test(id) || opensDriver(detail),
  );
  const [first] = opens;
  const wasOpen =
    view.saw({ id: 'nvml.init', outcome: 'ok' }) || view.history.some(({ devices }) => devices.length > 0);
  const isOn = view.facts.devices.some(({ persistenceMode }) => persistenceMode === true);
  if (first === undefined || gpus === 0 || wasOpen || isOn) return { observed: [], inferred: [], remedy: [] };
  const isTight = first.durationMs < gpus * OPEN_MS_PER_GPU;
  return {
    observed: [`GPUs that the kernel lists: ${gpus}`],
    inferred: [
      {
        cause: 'the GPUs are being initialised: persistence mode is off, and nobody had them open',
        confidence: isTight ? 'likely' : 'possible',
        because: isTight
          ? `an open then takes 1 to 3 s for each of ${gpus} GPUs, and had ${seconds(first.durationMs)}`
          : `an open then takes 1 to 3 s for each of ${gpus} GPUs, which is less than it had`,
      },
    ],
    remedy: ['`nvidia-smi -q | grep -i persistence` shows whether it is off.', PERSIST],
  };
}

const opensDriver = (detail: string | null) => /^(nvmlInit|nvmlDeviceGetHandle|cuInit)/.test(detail ?? '');

export const driverCrashed: Rule = {
  id: 'driver-crashed',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'A driver call ended its process',
  meaning:
    'The same call in a service would have taken the service down. gpuprobe lost a helper process only.',
  detection: "A check's outcome is `crashed`: the helper ended by a signal that gpuprobe did not send.",
  lookalikes: [
    'The out-of-memory killer sends SIGKILL: that is `not-probed`, and not this.',
    "A wrapper or injected library (LD_PRELOAD) that crashes in the driver's place.",
  ],
  source: 'XuehaiPan/nvitop#223, leptonai/gpud (symbol lookup on old drivers)',
  find(view) {
    return byDevice(view.checks({ outcome: 'crashed' })).map(([device, checks]) => ({
      device,
      impact: impactOfCalls(checks),
      summary: crashed(checks, device === null ? '' : ` for ${view.label(device)}`),
      observed: checks.map(quote),
      inferred: [
        {
          cause: "a fault in the driver's library, or in something loaded into it",
          confidence: 'likely',
          because: 'the process does nothing else, and ended inside this call',
        },
      ],
      remedy: [
        'Keep the call out of your service until this is understood.',
        'Unset LD_PRELOAD and look for wrappers of the library (`ldconfig -p`).',
        'Check that library and kernel module are of one version; upgrade, or go back to the last ' +
          'good driver.',
      ],
    }));
  },
};

export const probeStuck: Rule = {
  id: 'probe-stuck',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'reboot',
  scope: 'machine',
  title: 'Probes are stuck in the driver',
  meaning:
    'Earlier probes are still in the driver and could not be ended, so no further one is sent in: it ' +
    'would only ' +
    'add to them. What the GPU would answer now is not known.',
  detection: 'A check was not asked, as PROBE_STUCK.',
  lookalikes: [
    'A first call that is late is driver-unresponsive; this is what follows when it never returns.',
  ],
  source: 'leptonai/gpud#117, NVIDIA/nvidia-docker#1553',
  find(view) {
    const stuck = view.checks({ outcome: 'not-probed', name: 'PROBE_STUCK' });
    return byDevice(stuck).map(([device, checks]) => ({
      device,
      impact: impactOfCalls(checks),
      summary: 'Earlier probes are stuck in the driver; it is not entered again until one returns.',
      observed: checks.map(quote),
      inferred: [
        {
          cause: 'the stuck calls wait inside the kernel, where a signal does not reach them',
          confidence: 'possible',
          because: 'they outlived their deadline; a state D in the lines above would prove it',
        },
      ],
      remedy: [
        'Start no more GPU work here: it is likely to get stuck as well.',
        'On the host: `dmesg | grep -iE "nvrm|xid|blocked for"`; save it with `nvidia-bug-report.sh`.',
        'Drain the machine and reboot it: a process in D state ends no other way.',
      ],
    }));
  },
};

/** Answers about gpuprobe itself, although a check failed with them. */
const OWN_FAILURES = ['SIMULATOR_FAILED', 'TOO_MANY_DEVICES'];

/** A failed fork, or a helper killed by the out-of-memory killer, says nothing about the GPU. */
export const probeIncomplete: Rule = {
  id: 'probe-incomplete',
  impact: NOT_SEEN,
  action: 'free-resources',
  scope: 'machine',
  title: 'Some checks could not be asked',
  meaning: 'gpuprobe could not ask everything it was to ask, for reasons of this machine and not of the GPU.',
  detection:
    "All of a check's outcomes are `not-probed`, and not because an earlier one timed out " +
    '(BESIDE_TIMEOUT) or ' +
    "is stuck (PROBE_STUCK); or a check failed with an answer of gpuprobe's own (SIMULATOR_FAILED, " +
    'TOO_MANY_DEVICES).',
  lookalikes: ['A helper killed by the out-of-memory killer looks the same as one killed by hand.'],
  source: 'https://man7.org/linux/man-pages/man2/fork.2.html (EAGAIN, ENOMEM)',
  find(view) {
    const explained = ['BESIDE_TIMEOUT', 'PROBE_STUCK'];
    const notAsked = view
      .checks({ outcome: 'not-probed' })
      .filter((check) => check.name === null || !explained.includes(check.name))
      .filter((check) => !view.checks({ id: check.id }).some((other) => answersFor(other, check)));
    notAsked.push(...view.checks({ outcome: 'failed', name: OWN_FAILURES }));
    if (notAsked.length === 0) return [];
    return [
      {
        device: null,
        summary: 'Some checks could not be asked, which says nothing about the GPU.',
        observed: notAsked.map(quote),
        inferred: [],
        remedy: [
          "Look at the machine's free memory and its limits on processes (`ulimit -u`, the cgroup's " +
            'pids.max).',
          'Then run gpuprobe again; `--isolation thread` does without helper processes.',
        ],
      },
    ];
  },
};

/** New work may hang or crash in the driver too, whichever library it was. */
const impactOfCalls = (checks: readonly Check[]): Partial<Impact> => ({
  watching: checks.some(({ id }) => id.startsWith('nvml.') || id === 'nodes') ? 'broken' : 'unaffected',
});

function answersFor(other: Check, notAsked: Check): boolean {
  return other.device === notAsked.device && other.outcome !== 'not-probed' && other.outcome !== 'skipped';
}

function unanswered(checks: readonly Check[], where: string): string {
  const [first, ...others] = checks;
  if (!first) return '';
  const more = others.length > 0 ? `; neither did ${others.length} more` : '';
  return `${called(first)}${where} did not answer within ${seconds(first.durationMs)}${more}.`;
}

function crashed(checks: readonly Check[], where: string): string {
  const [first] = checks;
  return first ? `${called(first)}${where} ended its process with ${ending(first)}.` : '';
}

/** Returns for example `nvmlInitWithFlags (nvml.init)`, with the driver function from the check's detail. */
function called(check: Check): string {
  const name = /^(dlopen\b|(nvml|cu|NvEnc|nvEnc|egl|gl)[A-Z]\w*)/.exec(check.detail ?? '')?.[0];
  return name === undefined ? check.id : `${name} (${check.id})`;
}
