import { answersOf } from '../answer.js';
import { nvmlCauses } from '../causes/nvml.js';
import { giveGpu } from '../container.js';
import { hidesGpus, quoteSetVariables } from '../environment.js';
import { joinAnd, quote, status } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';
import { byDevice, type View, withoutSums } from '../view.js';

/** NVML: the library's own refusals. Refusals for a GPU are in gpu.ts. */

/** Answers of nvml.devices with their own finding: no-devices, probe-incomplete. */
const OWN_ANSWERS: readonly (string | null)[] = ['NO_DEVICES', 'TOO_MANY_DEVICES'];

export const nvmlInitFailed: Rule = {
  id: 'nvml-init-failed',
  impact: impactOn({ starts: 'at-risk', watching: 'broken' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'NVML does not start',
  meaning:
    'Nothing that reads NVML (nvidia-smi, exporters, gpuprobe) sees the GPU. GPU work may or may not start.',
  detection:
    'nvml.init failed, or nvml.devices for the machine. The number is what counts: the library says ' +
    '"Unknown Error" for every number that it does not know.',
  lookalikes: [
    'EPERM on a device node is 999 as well: device-access-revoked, which absorbs this.',
    'A process that is out of file descriptors gets 17, "GPU access blocked by the operating system".',
    'A missing driver is 9, and then driver-absent.',
  ],
  source: 'microsoft/WSL#9938, google/gvisor#11069, NVIDIA/nvidia-container-toolkit#48',
  find(view) {
    const failed = view
      .checks({ id: ['nvml.init', 'nvml.devices'], outcome: 'failed' })
      .filter((check) => check.device === null && !OWN_ANSWERS.includes(check.name));
    if (failed.length === 0) return [];
    const causes = nvmlCauses(answersOf(failed), view);
    return [
      {
        device: null,
        impact: { starts: contextsOk(view, null) ? 'unaffected' : 'at-risk' },
        summary: `NVML failed with ${joinAnd([...new Set(failed.map(status))])}: the GPU cannot be watched.`,
        observed: failed.map(quote),
        inferred: causes.inferred,
        remedy: causes.remedy,
        answers: answersOf(failed),
      },
    ];
  },
};

export const deviceUnreadable: Rule = {
  id: 'device-unreadable',
  impact: impactOn({ starts: 'at-risk', watching: 'broken' }),
  action: 'fix-config',
  scope: 'gpu',
  title: 'A GPU cannot be read',
  meaning: 'NVML works, but gives no access to this GPU, or no readings of it.',
  detection:
    'nvml.devices failed for the GPU, or nvml.telemetry did, with an answer that no other finding is about.',
  lookalikes: ['15 is gpu-lost and 16 reset-required; a denied /dev/nvidiaN is 999: device-access-revoked.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetHandleByIndex_v2)',
  find(view) {
    const handles = view
      .checks({ id: 'nvml.devices', outcome: 'failed' })
      .filter(({ device }) => device !== null);
    const readings = withoutSums(view.checks({ id: 'nvml.telemetry', outcome: 'failed' }));
    return byDevice([...handles, ...readings]).map(([device, failed]) => {
      const causes = nvmlCauses(answersOf(failed), view);
      const what = device === null ? 'the GPUs' : view.label(device);
      return {
        device,
        impact: { starts: contextsOk(view, device) ? 'unaffected' : 'at-risk' },
        summary: `NVML cannot read ${what}: ${joinAnd([...new Set(failed.map(status))])}.`,
        observed: failed.map(quote),
        inferred: causes.inferred,
        remedy: causes.remedy,
        answers: answersOf(failed),
      };
    });
  },
};

export const noDevices: Rule = {
  id: 'no-devices',
  impact: impactOn({ starts: 'blocked', watching: 'broken' }),
  action: 'fix-config',
  scope: 'container',
  title: 'The driver lists no GPU',
  meaning: 'NVML starts and counts none: there is no GPU that new work could use. It is not "0 % used".',
  detection:
    'nvml.devices failed as NO_DEVICES: the count is 0. NVML leaves out a GPU whose node it cannot open.',
  lookalikes: ['A /dev/nvidiaN that is refused while /dev/nvidiactl is not: device-access-revoked.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetCount_v2, NVML_INIT_FLAG_NO_GPUS)',
  absorbs: [{ id: 'cuda-init-failed', answers: [100] }, { id: 'cuda-nvml-disagree' }],
  find(view) {
    const listings = view.checks({ id: 'nvml.devices', outcome: 'failed', name: 'NO_DEVICES' });
    if (listings.length === 0) return [];
    const { kernelGpus } = view.facts.host;
    const kernel = kernelGpus.length > 0 ? kernelGpus.join(', ') : 'none';
    return [
      {
        device: null,
        impact: { starts: contextsOk(view, null) ? 'unaffected' : 'blocked' },
        summary: 'NVML answers, but lists no GPU.',
        observed: [
          ...listings.map(quote),
          `GPUs the kernel lists: ${kernel}`,
          ...quoteSetVariables(view.facts.host, 'NVIDIA_VISIBLE_DEVICES'),
        ],
        inferred: [
          {
            cause: 'this container was given the driver, but not the node of a GPU',
            confidence: kernelGpus.length > 0 ? 'likely' : 'possible',
            because: hidesGpus(view.facts.host)
              ? 'NVIDIA_VISIBLE_DEVICES asks its runtime for none'
              : kernelGpus.length > 0
                ? 'the kernel driver has GPUs, and NVML drops those whose node it cannot open'
                : 'NVML drops a GPU whose node it cannot open',
          },
          {
            cause: 'the driver could not initialise the GPU',
            confidence: 'possible',
            because: 'NVML counts only GPUs that the driver has attached',
          },
        ],
        remedy: [
          ...(view.facts.host.container
            ? [giveGpu(view.facts.host), 'Look at NVIDIA_VISIBLE_DEVICES: `void` and `none` ask for no GPU.']
            : []),
          'Host: `lspci -d 10de:`, then the kernel log for NVRM and Xid lines.',
        ],
      },
    ];
  },
};

/** Returns true if the canaries of the GPU, or of all GPUs, succeeded: they decide whether work can start. */
function contextsOk(view: View, device: string | null): boolean {
  const contexts = view
    .checks({ id: 'cuda.context', outcome: ['ok', 'failed', 'timeout', 'crashed'] })
    .filter((check) => device === null || check.device === device);
  return contexts.length > 0 && contexts.every(({ outcome }) => outcome === 'ok');
}
