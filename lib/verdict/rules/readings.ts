import { deviceId } from '../../probe/device-id.js';
import type { Device } from '../../probe/report.js';
import { quote, quoteMemory, quoteUnavailable } from '../evidence.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Rule } from '../rule.js';

/** Missing and implausible readings. */

const ALL_ZERO = 'ALL_ZERO';

export const readingsAllZero: Rule = {
  id: 'readings-all-zero',
  impact: impactOn({ watching: 'broken' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'Every reading is zero',
  meaning:
    'The GPU answers, and everything it says is zero, down to the memory it has. No GPU has 0 bytes ' +
    'of memory: ' +
    'the monitoring is broken, not the GPU idle. gpuprobe reports such readings as null.',
  detection: 'memory.totalBytes is taken away as ALL_ZERO, and no other reading of the GPU is above zero.',
  lookalikes: ['An idle GPU: utilisation 0, and memory, temperature and power still above it.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlMemory_t.total: physical device memory)',
  find(view) {
    return view.facts.devices.filter(isAllZero).map((device) => ({
      device: deviceId(device),
      summary: `${view.label(deviceId(device))} answers, but every reading is zero: nothing is measured.`,
      observed: quoteUnavailable(device, { name: ALL_ZERO }),
      inferred: [
        {
          cause: 'these are not measurements',
          confidence: 'proven',
          because: 'the total memory of a GPU is a constant above zero',
        },
        {
          cause: 'the driver, or something between it and this process, answers without asking the GPU',
          confidence: 'possible',
          because: 'the calls return success and leave their results empty',
        },
      ],
      remedy: [
        'Distrust every dashboard fed from here: idle and broken look the same in it.',
        'Compare with `nvidia-smi` on the host; then recreate the container, or reload the driver.',
        'Look for a wrapper or shim of libnvidia-ml.so.1 (`ldconfig -p`, LD_PRELOAD, LD_LIBRARY_PATH).',
      ],
    }));
  },
};

/** Far above the temperature at which any GPU shuts down: a higher value is not a measurement. */
const HOTTEST_CELSIUS = 150;

export const readingsImplausible: Rule = {
  id: 'readings-implausible',
  impact: impactOn({ watching: 'degraded' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'Readings that cannot be',
  meaning:
    'The driver calls it a success and gives a number that cannot be. The others that it gives are no more to ' +
    'be trusted: monitoring is blind, and does not look it.',
  detection:
    'A part above its whole (memory used or free, utilization, PCIe generation or width), or a temperature ' +
    `above ${HOTTEST_CELSIUS} C.`,
  lookalikes: ['Every reading zero: readings-all-zero.', 'A high but possible value: thermal-throttle.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlMemory_t, nvmlUtilization_t: percent)',
  find: (view) =>
    perDevice(view, (device, id, label) => {
      const odd = implausible(device);
      if (odd.length === 0) return null;
      return {
        summary: `${label} gives ${odd.length === 1 ? 'a reading' : 'readings'} that cannot be.`,
        observed: odd.map((line) => `${id}: ${line}`),
        inferred: [
          {
            cause: 'the library and this process do not agree on the form of an answer',
            confidence: 'possible',
            because:
              'a shifted or unwritten field gives numbers like these; drivers have changed forms before',
          },
          {
            cause: 'the driver or the GPU gives nonsense',
            confidence: 'possible',
            because: 'the call itself was a success',
          },
        ],
        remedy: [
          'Compare with `nvidia-smi` on the host, which comes with the driver.',
          'Look for a wrapper or shim of libnvidia-ml.so.1 (`ldconfig -p`, LD_PRELOAD, LD_LIBRARY_PATH).',
        ],
      };
    }),
};

/** Returns for example `memory.usedBytes 5 of 4`. */
function implausible({ memory, utilization, pcie, temperatureCelsius }: Device): string[] {
  const above = (path: string, part: number | null, whole: number | null) =>
    part !== null && whole !== null && part > whole ? [`${path} ${part} of ${whole}`] : [];
  return [
    ...above('memory.usedBytes', memory.usedBytes, memory.totalBytes),
    ...above('memory.freeBytes', memory.freeBytes, memory.totalBytes),
    ...Object.entries(utilization).flatMap(([name, ratio]) => above(`utilization.${name}`, ratio, 1)),
    ...above('pcie.generation', pcie.generation, pcie.maxGeneration),
    ...above('pcie.width', pcie.width, pcie.maxWidth),
    ...(temperatureCelsius !== null && temperatureCelsius > HOTTEST_CELSIUS
      ? [`temperatureCelsius ${temperatureCelsius}`]
      : []),
  ];
}

export const computeModeExclusive: Rule = {
  id: 'compute-mode-exclusive',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'fix-config',
  scope: 'gpu',
  title: 'Compute mode is not the default',
  meaning:
    'The GPU admits one process at a time (exclusive), or no CUDA at all (prohibited). Right where ' +
    'it is meant; ' +
    'where several processes share the GPU, the next one fails. gpuprobe creates no context there.',
  detection: 'computeMode is exclusive-process, exclusive-thread or prohibited.',
  lookalikes: ['With the Multi-Process Service, exclusive-process is the recommended mode.'],
  source:
    'https://docs.nvidia.com/datacenter/dcgm/ (context create: skipped in exclusive and prohibited mode)',
  find(view) {
    const modes = ['exclusive-process', 'exclusive-thread', 'prohibited'];
    return view.facts.devices.flatMap((device) => {
      const id = deviceId(device);
      if (device.computeMode === null || !modes.includes(device.computeMode)) return [];
      const skipped = view
        .checks({ id: 'cuda.context', outcome: 'skipped' })
        .filter((check) => check.device === id);
      const untried = skipped.length > 0 ? '; no context was tried' : '';
      return [
        {
          device: id,
          summary: `${view.label(id)} is in compute mode ${device.computeMode}${untried}.`,
          observed: [`${id}: computeMode ${device.computeMode}`, ...skipped.map(quote)],
          inferred: [],
          remedy: [
            'If it is meant (one process, or MPS): nothing to do.',
            'Else, on the host as root: `nvidia-smi -i INDEX -c 0` (default mode; it does not last ' +
              'over a reboot).',
          ],
        },
      ];
    });
  },
};

export const memoryLow: Rule = {
  id: 'memory-low',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'free-resources',
  scope: 'gpu',
  title: 'Little GPU memory left',
  meaning:
    'Less is free than gpuprobe leaves untouched, so no context was tried: the next session may not fit.',
  detection:
    'cuda.context was skipped as LOW_MEMORY: free memory is under the reserve (contextReserveBytes).',
  lookalikes: ["A program that reserves all memory by design (a framework's allocator): full, and well."],
  source: 'ggml-org/llama.cpp#23604 (what a context costs)',
  find(view) {
    const skipped = view.checks({ id: 'cuda.context', outcome: 'skipped', name: 'LOW_MEMORY' });
    return [...new Set(skipped.map((check) => check.device))].map((device) => ({
      device,
      summary: `Little memory on ${device === null ? 'a GPU' : view.label(device)}; no context was tried.`,
      observed: [
        ...skipped.filter((check) => check.device === device).map(quote),
        ...quoteMemory(view.device(device)),
      ],
      inferred: [],
      remedy: [
        'See who holds the memory: `nvidia-smi`, or `processes` in `gpuprobe --json`.',
        'Admit no further session on this GPU until some memory is back.',
      ],
    }));
  },
};

/**
 * Returns true if a GPU claims to have no memory, and the probe therefore replaced its zeros with null and
 * ALL_ZERO. If one other value is above zero, the GPU does measure something.
 */
export function isAllZero(device: Device): boolean {
  if (device.unavailable['memory.totalBytes']?.name !== ALL_ZERO) return false;
  const { memory, utilization, clocks, pcie } = device;
  const readings = [
    ...Object.values(memory),
    ...Object.values(utilization),
    ...Object.values(clocks),
    ...Object.values(pcie),
    device.temperatureCelsius,
    device.powerWatts,
    device.powerLimitWatts,
    device.energyJoules,
    device.encoder.sessionCount,
  ];
  return readings.every((value) => value === null || value === 0);
}
