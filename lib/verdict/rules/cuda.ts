import { answersOf } from '../answer.js';
import { cudaCauses } from '../causes/cuda.js';
import { joinAnd, quote, quoteMemory, status } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Hit, Rule } from '../rule.js';
import { byDevice, type View } from '../view.js';

/** CUDA: what the next process, and the next session of a running process, will see. */

const OUT_OF_MEMORY = 2;

export const cudaInitFailed: Rule = {
  id: 'cuda-init-failed',
  impact: impactOn({ starts: 'blocked' }),
  action: 'fix-config',
  scope: 'machine',
  title: 'CUDA does not start',
  meaning: 'A new process cannot use CUDA: cuInit fails. Processes that started it earlier may still work.',
  detection: 'cuda.init failed.',
  lookalikes: [
    '100 CUDA_ERROR_NO_DEVICE is the answer to any failed first open: no driver, no node, no permission.',
    'A container that was given `utility` only has NVML and no libcuda: library-absent.',
  ],
  source: 'NVIDIA/k8s-device-plugin#222, pytorch/pytorch#49081',
  find(view) {
    const checks = view.checks({ id: 'cuda.init', outcome: 'failed' });
    // An error in a process that sees every GPU also occurs for single GPUs: eight GPUs, one finding.
    const everywhere = checks.some((check) => check.device === null);
    const groups = everywhere ? [[null, checks] as const] : byDevice(checks);
    return groups.map(([device, failed]) => {
      const causes = cudaCauses(answersOf(failed), view);
      return {
        device,
        summary: `CUDA does not start: cuInit failed with ${joinAnd([...new Set(failed.map(status))])}.`,
        observed: failed.map(quote),
        inferred: causes.inferred,
        remedy: causes.remedy,
        answers: answersOf(failed),
      };
    });
  },
};

export const cudaContextRefused: Rule = {
  id: 'cuda-context-refused',
  impact: impactOn({ starts: 'blocked' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'No new CUDA context',
  meaning:
    'CUDA starts, but the GPU gives no context. The next session fails at once; running ones may go on. ' +
    "800 CUDA_ERROR_NOT_PERMITTED is a refusal: permission at an open, or the driver's resource " +
    'manager; it is ' +
    'usually not memory exhaustion: that is 2.',
  detection: 'cuda.context failed, with any code but 2 CUDA_ERROR_OUT_OF_MEMORY.',
  lookalikes: [
    'A GPU in exclusive-process mode refuses a second process while the first one works.',
    'A lost GPU is 999 to CUDA; NVML has 15 for it.',
  ],
  source: 'livepeer/go-livepeer#2570, NVIDIA/nvidia-container-toolkit#1743',
  find(view) {
    const checks = view.checks({ id: 'cuda.context', outcome: 'failed' });
    const refused = checks.filter((check) => check.code !== OUT_OF_MEMORY);
    return byDevice(refused).map(([device, failed]) => {
      const causes = cudaCauses(answersOf(failed), view);
      const where = device === null ? '' : ` on ${view.label(device)}`;
      return {
        device,
        summary: `No new CUDA context${where}: ${joinAnd([...new Set(failed.map(status))])}.`,
        observed: [...failed.map(quote), ...quoteMemory(view.device(device))],
        inferred: causes.inferred,
        remedy: causes.remedy,
        answers: answersOf(failed),
      };
    });
  },
};

export const cudaOutOfMemory: Rule = {
  id: 'cuda-out-of-memory',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'free-resources',
  scope: 'gpu',
  title: 'No memory for a CUDA context',
  meaning: 'The GPU, or the driver, had no memory for one more context. What runs, runs on.',
  detection: 'cuda.context failed with 2 CUDA_ERROR_OUT_OF_MEMORY.',
  lookalikes: [
    "Host memory or the system's open files run out: the driver gives the same 2 for ENOMEM and ENFILE.",
    "A probe's context may be what did not fit: it takes 100 to 550 MiB for a moment.",
  ],
  source: 'ggml-org/llama.cpp#23604 (what a context costs)',
  find(view) {
    const checks = view.checks({ id: 'cuda.context', outcome: 'failed', code: OUT_OF_MEMORY });
    return byDevice(checks).map(([device, failed]) => {
      const memory = quoteMemory(view.device(device));
      const where = device === null ? '' : ` on ${view.label(device)}`;
      return {
        device,
        summary: `No memory for a new CUDA context${where}.`,
        observed: [...failed.map(quote), ...memory],
        ...exhausted(view, device),
        answers: [OUT_OF_MEMORY],
      };
    });
  },
};

/** More than any context needs (100 to 555 MiB, ggml-org/llama.cpp#23604): GPU memory is not the problem. */
const ROOM = 2 ** 30;

const HOLDERS = 'See who holds the memory: `nvidia-smi`, or `processes` in `gpuprobe --json`.';
const FEWER = 'Admit fewer sessions, or move some to another GPU.';
const HOST = "Look at the host's memory, and at its open files (/proc/sys/fs/file-nr).";

function exhausted(view: View, device: string | null): Pick<Hit, 'inferred' | 'remedy'> {
  const free = view.device(device)?.memory.freeBytes ?? null;
  if (free === null || free < ROOM) {
    return { inferred: cudaCauses([OUT_OF_MEMORY], view).inferred, remedy: [HOLDERS, FEWER, HOST] };
  }
  return {
    inferred: [
      {
        cause:
          "the host's memory, its open files, or a resource of the driver is exhausted, and not the GPU's memory",
        confidence: 'likely',
        because: 'a context takes 100 to 555 MiB, and more is free; CUDA answers 2 for ENOMEM and ENFILE too',
      },
    ],
    remedy: [HOST, FEWER, HOLDERS],
  };
}
