import { answersOf } from '../answer.js';
import { quoteVariable } from '../environment.js';
import { joinAnd, quote, status } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import type { View } from '../view.js';

/** Other services that must be running before work can start. */

const NOT_READY = { nvml: 27, cuda: 802 };
const MPS = [805, 806, 807, 808, 809, 810];

export const fabricNotReady: Rule = {
  id: 'fabric-not-ready',
  impact: impactOn({ starts: 'blocked' }),
  action: 'fix-config',
  scope: 'fabric',
  title: 'The system does not accept work yet',
  meaning:
    'The driver is there and waits for a service: until that has set up the machine, no new GPU work starts.',
  detection: 'CUDA answers 802 CUDA_ERROR_SYSTEM_NOT_READY, or NVML 27 NVML_ERROR_NOT_READY.',
  lookalikes: ['A GPU that needs a reset: NVML answers 16, reset-required.'],
  source: 'https://docs.nvidia.com/datacenter/tesla/fabric-manager-user-guide/ (CUDA 802)',
  absorbs: [
    { id: 'nvml-init-failed', answers: [NOT_READY.nvml] },
    { id: 'device-unreadable', answers: [NOT_READY.nvml] },
    { id: 'cuda-init-failed', answers: [NOT_READY.cuda] },
    { id: 'cuda-context-refused', answers: [NOT_READY.cuda] },
    { id: 'cuda-nvml-disagree' },
    { id: 'fresh-warm-disagree' },
  ],
  find(view) {
    const checks = [
      ...failedWith(view, ['nvml.init', 'nvml.devices', 'nvml.telemetry'], [NOT_READY.nvml]),
      ...failedWith(view, ['cuda.init', 'cuda.context'], [NOT_READY.cuda]),
    ];
    if (checks.length === 0) return [];
    return [
      {
        device: null,
        impact: checks.some(({ id }) => id.startsWith('nvml.')) ? { watching: 'broken' } : {},
        summary: `The system is not ready: ${joinAnd([...new Set(checks.map(status))])}.`,
        observed: checks.map(quote),
        inferred: [
          {
            cause: 'the fabric manager is not running, or is of another version than the driver',
            confidence: 'likely',
            because: 'on machines with NVSwitch it has to connect the GPUs before they accept work',
          },
          {
            cause: 'confidential computing is on, and the GPUs were not yet told to accept work',
            confidence: 'possible',
            because: 'the driver waits for that too, with the same code',
          },
        ],
        remedy: [
          "On NVSwitch systems: `systemctl status nvidia-fabricmanager`, of the driver's exact version.",
          'With confidential computing: `nvidia-smi conf-compute -grs`, and `-srs 1` once attested.',
        ],
        answers: answersOf(checks),
      },
    ];
  },
};

export const mpsUnavailable: Rule = {
  id: 'mps-unavailable',
  impact: impactOn({ starts: 'blocked' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'The Multi-Process Service does not serve',
  meaning: 'CUDA work goes through the Multi-Process Service here, and that turns new work away.',
  detection: `CUDA answers ${MPS[0]} to ${MPS.at(-1)}, the codes of the Multi-Process Service.`,
  lookalikes: ['A GPU in exclusive mode without the service: 46, and compute-mode-exclusive.'],
  source: 'https://docs.nvidia.com/deploy/mps/ (error codes)',
  absorbs: [
    { id: 'cuda-init-failed', answers: MPS },
    { id: 'cuda-context-refused', answers: MPS },
    { id: 'cuda-nvml-disagree' },
    { id: 'fresh-warm-disagree' },
  ],
  find(view) {
    const checks = failedWith(view, ['cuda.init', 'cuda.context'], MPS);
    if (checks.length === 0) return [];
    return [
      {
        device: null,
        summary: `The Multi-Process Service turns work away: ${joinAnd([...new Set(checks.map(status))])}.`,
        observed: [...checks.map(quote), quoteVariable(view.facts.host, 'CUDA_MPS_PIPE_DIRECTORY')],
        inferred: [
          {
            cause: 'the MPS server cannot be reached, is not ready, or is full',
            confidence: 'likely',
            because: 'each of these has a code of its own among 805 to 810; the name says which it was',
          },
        ],
        remedy: [
          '`echo get_server_list | nvidia-cuda-mps-control`: is the daemon up, and for which user?',
          view.facts.host.container
            ? "Container: mount the daemon's pipe directory, name it in CUDA_MPS_PIPE_DIRECTORY, and share its IPC namespace (`--ipc=host`)."
            : "CUDA_MPS_PIPE_DIRECTORY has to be the daemon's (/tmp/nvidia-mps where it is not set), and the user too.",
          '808 and 809: it has as many clients as it takes; end some, or start another.',
        ],
        answers: answersOf(checks),
      },
    ];
  },
};

const failedWith = (
  view: View,
  id: readonly ('nvml.init' | 'nvml.devices' | 'nvml.telemetry' | 'cuda.init' | 'cuda.context')[],
  code: readonly number[],
) => view.checks({ id, outcome: 'failed', code });
