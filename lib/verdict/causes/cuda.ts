import type { Inference } from '../../probe/report.js';
import type { Answer } from '../answer.js';
import { recreate } from '../container.js';
import { quoteSetVariables } from '../environment.js';
import type { View } from '../view.js';
import { type Causes, type CausesOf, DECIDE_OPEN, merged } from './causes.js';

const EPERM = 1;

/** Causes by CUresult. 802, 803 and 805 to 810 have their own rules; so has 2 for contexts. */
const TABLE: ReadonlyMap<Answer, CausesOf> = new Map<Answer, CausesOf>([
  [2, outOfMemory],
  [
    34,
    wrongLibrary("a stub of libcuda was loaded instead of the driver's own", '34 is what the stub answers'),
  ],
  [36, wrongLibrary('the driver is older than the call', '36 asks for a newer driver')],
  [46, unavailable],
  [100, noDevice],
  [304, operatingSystem],
  [800, notPermitted],
  [804, wrongLibrary('a CUDA compatibility library that this GPU does not support', '804 says so')],
  [999, unknownError],
  ['NO_SUCH_DEVICE', notListed],
]);

/** Returns the possible causes of CUDA's answers. */
export function cudaCauses(answers: readonly Answer[], view: View): Causes {
  return merged(answers, TABLE, view);
}

function outOfMemory(): Causes {
  return {
    inferred: [
      {
        cause: 'memory or another resource of the driver or kernel is exhausted',
        confidence: 'likely',
        because: 'CUDA answers 2 for NO_MEMORY and INSUFFICIENT_RESOURCES, and for ENOMEM and ENFILE',
      },
    ],
    remedy: [
      'Free GPU memory (`nvidia-smi` lists who holds it); look at host memory and /proc/sys/fs/file-nr.',
    ],
  };
}

function wrongLibrary(cause: string, because: string): CausesOf {
  return () => ({
    inferred: [{ cause, confidence: 'likely', because }],
    remedy: ["Find which libcuda.so.1 is loaded (`ldconfig -p`, LD_LIBRARY_PATH), and use the driver's own."],
  });
}

function unavailable(): Causes {
  return {
    inferred: [
      {
        cause: 'the GPU is in exclusive or prohibited compute mode, and taken',
        confidence: 'possible',
        because: '46 is often the answer of a GPU in exclusive-process or prohibited mode',
      },
    ],
    remedy: ['`nvidia-smi -q -d COMPUTE`; as root, `nvidia-smi -c 0` for the default mode.'],
  };
}

function noDevice(view: View): Causes {
  const { host } = view.facts;
  const hidden = quoteSetVariables(host, 'CUDA_VISIBLE_DEVICES');
  return {
    inferred: [
      ...hidden.map(
        (quoted): Inference => ({
          cause: 'CUDA_VISIBLE_DEVICES hides every GPU',
          confidence: 'likely',
          because: `an empty list, or one of GPUs that are not here, leaves none: ${quoted}`,
        }),
      ),
      {
        cause: 'the first open of a device node failed in this process',
        confidence: 'possible',
        because: 'a new process gets 100 whatever the errno of that open is',
      },
    ],
    remedy: ['`ls -l /dev/nvidia*`; `env | grep -E "CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES"`.'],
  };
}

/** NVML lists whole GPUs. CUDA lists what it may use: in MIG mode, slices with their own UUIDs. */
function notListed(view: View): Causes {
  const mig = view.facts.devices.some((device) => device.migMode === true);
  return {
    inferred: [
      {
        cause: 'CUDA_VISIBLE_DEVICES, or the container, leaves this GPU out for CUDA',
        confidence: 'possible',
        because: 'CUDA starts and lists other GPUs, or none',
      },
      {
        cause: 'the GPU is in MIG mode, and has no slice that CUDA could use',
        confidence: mig ? 'likely' : 'possible',
        because: mig
          ? 'a GPU here is in MIG mode, and CUDA lists its slices instead'
          : 'CUDA then lists slices instead',
      },
    ],
    remedy: ['`env | grep VISIBLE_DEVICES`; `nvidia-smi -L` lists GPUs and MIG slices with their UUIDs.'],
  };
}

/** A process without free descriptors is handled by fd-exhausted, not here. */
function operatingSystem(view: View): Causes {
  const { open, limit } = view.facts.host.openFiles;
  const known = open !== null && limit !== null;
  return {
    inferred: [
      {
        cause: 'the driver cannot talk to the device (EIO, EBUSY)',
        confidence: 'possible',
        because:
          'CUDA makes 304 of EIO, EBUSY and EMFILE on an open of a device; the kernel log tells the first two',
      },
      {
        cause: 'the process that asked was out of file descriptors for a moment (EMFILE)',
        confidence: 'possible',
        because: known
          ? `it is the same 304; this process has ${open} of ${limit} open now`
          : 'it is the same 304',
      },
    ],
    remedy: [
      'Compare `ls /proc/PID/fd | wc -l` of what failed with its limit, `grep "open files" /proc/PID/limits`.',
    ],
  };
}

/**
 * 800 is a refusal: EPERM or EACCES on a device open in a process that had passed its first opens, or the
 * resource manager's own INSUFFICIENT_PERMISSIONS or INVALID_REQUEST. It is not exhaustion.
 */
function notPermitted(view: View): Causes {
  const refused = view.nodes(EPERM).length > 0;
  return {
    inferred: [
      {
        cause: 'access to a device node was lost: a new open of it was refused to this process',
        // mutation: codes-alone
        confidence: refused ? 'likely' : 'possible',
        because: refused
          ? 'a node answers EPERM, and CUDA opens one for every context and mapping'
          : 'CUDA opens a node for every context and mapping; but access() to the nodes shows no refusal',
      },
      {
        cause: "the driver's resource manager refused the request (security profile, missing capability)",
        confidence: 'possible',
        because: '800 also stands for its INSUFFICIENT_PERMISSIONS and INVALID_REQUEST',
      },
    ],
    remedy: [
      ...DECIDE_OPEN,
      'Do not look for memory first: 800 is usually not exhaustion, which is 2 CUDA_ERROR_OUT_OF_MEMORY.',
      ...(view.facts.host.container
        ? [
            `${recreate(view.facts.host)}, with CDI or explicit --device flags for every NVIDIA node.`,
            'Compare with a container started --privileged: if that works, a device rule, seccomp or AppArmor is at fault.',
          ]
        : []),
    ],
  };
}

function unknownError(view: View): Causes {
  const uvm = view.nodes().find((node) => node.path === '/dev/nvidia-uvm');
  const closed = uvm !== undefined && uvm.code !== null;
  const nvmlWorks = view.saw({ id: 'nvml.init', outcome: 'ok' });
  const causes: Inference[] = [
    closed
      ? {
          cause: '/dev/nvidia-uvm is missing or cannot be opened',
          confidence: 'likely',
          because: `CUDA needs it and NVML does not; here it answers ${uvm.name ?? uvm.code}`,
        }
      : {
          cause: 'what only CUDA uses is in a bad state: the module nvidia_uvm, as after suspend and resume',
          confidence: nvmlWorks ? 'likely' : 'possible',
          because: nvmlWorks
            ? 'NVML opens the same driver and works; CUDA answers 999 for whatever fails at /dev/nvidia-uvm'
            : 'CUDA answers 999 for whatever fails at /dev/nvidia-uvm',
        },
    {
      cause: 'the GPU is lost, or needs a reset',
      confidence: 'possible',
      because: 'CUDA has no code of its own for either; NVML has',
    },
  ];
  return {
    inferred: causes,
    remedy: [
      '`ls -l /dev/nvidia-uvm`; container: give it that node too; host: `nvidia-modprobe -c 0 -u`.',
      'With no GPU work running: `rmmod nvidia_uvm && modprobe nvidia_uvm`.',
    ],
  };
}
