import type { Inference } from '../../probe/report.js';
import type { Answer } from '../answer.js';
import type { View } from '../view.js';
import { type Causes, type CausesOf, merged } from './causes.js';

const EPERM = 1;

/** Causes by CUresult. 802, 803 and 805 to 810 have rules of their own; for contexts so has 2. */
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

/** What may be behind CUDA's answers. */
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

function noDevice(): Causes {
  return {
    inferred: [
      {
        cause: 'the first open of a device node failed in this process',
        confidence: 'possible',
        because: 'a new process gets 100 whatever the errno of that open is',
      },
      {
        cause: 'CUDA_VISIBLE_DEVICES hides every GPU',
        confidence: 'possible',
        because: 'an empty or unknown list leaves none',
      },
    ],
    remedy: ['`ls -l /dev/nvidia*`; `env | grep -E "CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES"`.'],
  };
}

/** NVML lists whole GPUs; CUDA lists what it may use, which with MIG are slices of their own UUIDs. */
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

function operatingSystem(): Causes {
  return {
    inferred: [
      {
        cause: 'the process is out of file descriptors (EMFILE)',
        confidence: 'possible',
        because: 'CUDA makes 304 of EMFILE, EIO and EBUSY on an open of a device',
      },
    ],
    remedy: ['Compare `ls /proc/PID/fd | wc -l` with `ulimit -n`; raise the limit, or find the leak.'],
  };
}

/**
 * 800 is a refusal: EPERM or EACCES on a device open in a process that had got past its first ones, or the
 * resource manager's own INSUFFICIENT_PERMISSIONS or INVALID_REQUEST. It is not exhaustion.
 */
function notPermitted(view: View): Causes {
  const refused = view.nodes(EPERM).length > 0;
  return {
    inferred: [
      {
        cause: 'a new open of a device node was refused to this process',
        confidence: refused ? 'likely' : 'possible',
        because: refused
          ? 'a node answers EPERM, and CUDA opens one for every context and mapping'
          : 'CUDA opens a node for every context and mapping; no node showed a refusal to access()',
      },
      {
        cause: "the driver's resource manager refused the request (security profile, missing capability)",
        confidence: 'possible',
        because: '800 also stands for its INSUFFICIENT_PERMISSIONS and INVALID_REQUEST',
      },
    ],
    remedy: [
      'Do not look for memory first: 800 is usually not exhaustion, which is 2 CUDA_ERROR_OUT_OF_MEMORY.',
      'Recreate the container, with CDI or explicit --device flags for every NVIDIA node.',
      'Compare with a container started --privileged: if that works, a device rule, seccomp or ' +
        'AppArmor is at fault.',
    ],
  };
}

function unknownError(view: View): Causes {
  const uvm = view.nodes().find((node) => node.path === '/dev/nvidia-uvm');
  const causes: Inference[] = [
    {
      cause: '/dev/nvidia-uvm is missing or cannot be opened',
      confidence: uvm && uvm.code !== null ? 'likely' : 'possible',
      because:
        uvm && uvm.code !== null
          ? `CUDA needs it and NVML does not; here it answers ${uvm.name ?? uvm.code}`
          : 'CUDA answers 999 for any failed open of it',
    },
    {
      cause: 'the unified-memory module is in a bad state, as after suspend and resume',
      confidence: 'possible',
      because: 'it is a known case, in which every process fails until the module is reloaded',
    },
    {
      cause: 'the GPU is lost, or needs a reset',
      confidence: 'possible',
      because: 'CUDA has no code of its own for either',
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
