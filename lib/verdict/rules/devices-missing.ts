import { deviceId } from '../../probe/device-id.js';
import type { Check, Device, Inference } from '../../probe/report.js';
import { quoteSetVariables } from '../environment.js';
import { quote } from '../evidence.js';
import type { HistoryEntry } from '../history.js';
import { impactOn } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import type { View } from '../view.js';
import { isAllZero } from './readings.js';

/** How many GPUs there are, compared with how many there should be. */

const LOST = [15, 16];
const GPU_NODE = /^\/dev\/nvidia\d+$/;

export const devicesMissing: Rule = {
  id: 'devices-missing',
  impact: impactOn({ starts: 'blocked' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'Fewer GPUs than expected',
  meaning: 'Fewer GPUs answer than `--require` asks for, or fewer are listed than in an earlier report.',
  detection:
    'Counted are GPUs that NVML lists and reads, and those that only CUDA knows and that gave a ' +
    'context; where ' +
    'nothing but `nodes` was asked, the /dev/nvidiaN that may be opened. Too few for `require` is ' +
    'critical, for ' +
    'whatever reason; fewer listed than earlier is a warning.',
  lookalikes: ['A container that was given fewer GPUs than the host has.', 'MIG: NVML counts whole GPUs.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetCount_v2)',
  find(view) {
    const answering = answeringDevices(view);
    if (view.require !== undefined && answering.length < view.require) {
      return [short(view, answering, `${answering.length} of ${view.require} required GPUs answered.`)];
    }
    const fullest = view.history.reduce<HistoryEntry | null>(
      (most, moment) => (moment.devices.length >= (most?.devices.length ?? 0) ? moment : most),
      null,
    );
    const before = fullest?.devices ?? [];
    const now = view.facts.devices.length;
    if (now === 0 || now >= before.length || !view.saw({ id: 'nvml.devices', outcome: 'ok' })) return [];
    const gone = before.map(({ id }) => id).filter((id) => view.device(id) === undefined);
    const hit = short(view, answering, `${now} of ${before.length} GPUs are still listed.`);
    const since = `listed at ${fullest?.takenAt}, and not now: ${gone.join(', ') || 'not known which'}`;
    return [{ ...hit, impact: { starts: 'at-risk' }, observed: [since, ...hit.observed] }];
  },
};

/** Returns the ids of the GPUs that gave a usable answer. */
function answeringDevices(view: View): string[] {
  if (view.checks({}).every((check) => check.id === 'nodes')) {
    return view
      .nodes()
      .filter((node) => GPU_NODE.test(node.path) && node.code === null)
      .map((node) => node.path);
  }
  const listed = view.facts.devices.map(deviceId);
  const nvml = view.facts.devices.filter((device) => answers(device, view.checks({}))).map(deviceId);
  const contexts = view.checks({ id: 'cuda.context', outcome: 'ok' }).flatMap(({ device }) => device ?? []);
  return [...new Set([...nvml, ...contexts.filter((id) => !listed.includes(id))])];
}

function answers(device: Device, checks: readonly Check[]): boolean {
  const id = deviceId(device);
  const silent = checks.some(
    (check) => check.device === id && check.id.startsWith('nvml.') && BAD.includes(check.outcome),
  );
  const lost = Object.values(device.unavailable).some(({ code }) => code !== null && LOST.includes(code));
  const known = device.uuid !== null || device.pciBusId !== null || device.memory.totalBytes !== null;
  return known && !silent && !lost && !isAllZero(device);
}

const BAD: readonly Check['outcome'][] = ['failed', 'timeout', 'crashed'];

function short(view: View, answering: readonly string[], summary: string): Hit {
  const listings = view.checks({ id: 'nvml.devices' });
  const { kernelGpus } = view.facts.host;
  return {
    device: null,
    summary,
    observed: [
      `answering: ${answering.length > 0 ? answering.join(', ') : 'none'}`,
      `GPUs the kernel lists: ${kernelGpus.length > 0 ? kernelGpus.join(', ') : 'none'}`,
      ...listings.map(quote),
      ...quoteSetVariables(view.facts.host, 'NVIDIA_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES'),
    ],
    inferred: whyShort(view),
    remedy: [
      'Other findings of this report, if any, say why: begin with them.',
      ...(view.facts.host.container
        ? ['Container: check how many GPUs it was given (`--gpus`, `--device`, NVIDIA_VISIBLE_DEVICES).']
        : []),
      'Host: `lspci -d 10de:` against what `nvidia-smi -L` lists, and the kernel log for Xid 79.',
    ],
  };
}

/** Returns why GPUs are missing. For GPUs that are listed and do not answer, other findings say why. */
function whyShort(view: View): Inference[] {
  const { host, devices } = view.facts;
  const wanted = view.require ?? Number.POSITIVE_INFINITY;
  if (!view.saw({ id: 'nvml.devices', outcome: 'ok' }) || devices.length >= wanted) return [];
  const counts = `the kernel lists ${host.kernelGpus.length}, and NVML ${devices.length}`;
  if (host.kernelGpus.length > devices.length) {
    return [
      {
        cause:
          'the driver has the missing GPU, and NVML leaves it out: its node cannot be opened, or it was not attached',
        confidence: 'likely',
        because: `NVML drops a GPU whose /dev/nvidiaN it cannot open; ${counts}`,
      },
    ];
  }
  return [
    {
      cause: host.container
        ? 'this container was given fewer GPUs, or the machine has no more'
        : 'the driver knows of no more: a GPU has fallen off the bus, or is not in this machine',
      confidence: 'likely',
      because: `what the kernel driver lists here is what NVML lists: ${counts}`,
    },
  ];
}
