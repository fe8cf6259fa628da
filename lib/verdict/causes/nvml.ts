import type { Answer } from '../answer.js';
import { recreate } from '../container.js';
import { lowerFirst, quoteMemory } from '../evidence.js';
import type { View } from '../view.js';
import { type Causes, type CausesOf, DECIDE_OPEN, merged } from './causes.js';

/** CUDA_ERROR_OUT_OF_MEMORY. */
const OUT_OF_MEMORY = 2;

/** Causes by nvmlReturn_t. Codes with their own rule (15, 16, 18, 27) are not listed. */
const TABLE: ReadonlyMap<Answer, CausesOf> = new Map<Answer, CausesOf>([
  [
    4,
    () => ({
      inferred: [
        {
          cause: 'the user, or a security profile, may not open the driver',
          confidence: 'likely',
          because:
            'NVML answers 4 where an open is refused with EACCES, which file permissions and profiles give',
        },
      ],
      remedy: ['`ls -l /dev/nvidia*` and `id`; then the security profile (seccomp, AppArmor, SELinux).'],
    }),
  ],
  [
    9,
    () => ({
      inferred: [
        {
          cause: 'the kernel module is not usable from here: not loaded, or its nodes are missing',
          confidence: 'likely',
          because: 'NVML answers 9 where opening /dev/nvidiactl gives ENOENT or ENXIO',
        },
      ],
      remedy: ['`ls -l /dev/nvidia*`; in a container, start it with the GPU; on a host, `modprobe nvidia`.'],
    }),
  ],
  [
    13,
    () => ({
      inferred: [
        {
          cause: 'the library is too old for this question',
          confidence: 'likely',
          because: '13 stands for a function that the library does not have',
        },
      ],
      remedy: ['Upgrade the driver; `gpuprobe explain library-absent` says how libraries are found.'],
    }),
  ],
  [17, blockedBySystem],
  [999, unknownError],
]);

/** Returns the possible causes of NVML's answers. */
export function nvmlCauses(answers: readonly Answer[], view: View): Causes {
  return merged(answers, TABLE, view);
}

/** Descriptors that a helper process has open before it enters the driver, plus room for the driver's own. */
const HELPER_DESCRIPTORS = 32;

/** In WSL2 the library talks to the Windows driver through /dev/dxg. */
function blockedInWsl({ facts }: View): Causes {
  const library =
    facts.driver.libraries?.find(({ soname }) => soname.startsWith('libnvidia-ml'))?.path ?? null;
  const isForeign = library !== null && !library.startsWith('/usr/lib/wsl/');
  return {
    inferred: [
      {
        cause: isForeign
          ? `${library} was loaded, a Linux driver's library, instead of the one in /usr/lib/wsl/lib`
          : 'a libnvidia-ml of a Linux driver was loaded, from the image or the distribution, not that of /usr/lib/wsl/lib',
        confidence: isForeign ? 'likely' : 'possible',
        because: 'only the library that comes with the Windows driver can talk to it; any other answers 17',
      },
      {
        cause: 'the Windows driver or WSL2 is too old for this GPU, or the GPU is in TCC mode',
        confidence: 'possible',
        because: '17 is the answer there too',
      },
    ],
    remedy: [
      'Remove the Linux libnvidia-ml.so.1 and libcuda.so.1 from the image or distribution, so that those of /usr/lib/wsl/lib are found; in a container, mount that directory (`--gpus all` does).',
      'In Windows: update the NVIDIA driver there, then `wsl --update` and `wsl --shutdown`; `nvidia-smi` in Windows shows whether the GPU is in TCC mode (it has to be WDDM).',
    ],
  };
}

/** A process without free descriptors is handled by fd-exhausted, not here. */
function blockedBySystem(view: View): Causes {
  const { wsl, containerRuntime, openFiles } = view.facts.host;
  if (wsl) return blockedInWsl(view);
  const sandbox = containerRuntime === 'gvisor' ? 'gVisor' : null;
  const { open, limit } = openFiles;
  // A helper process has few open descriptors, and the limit of the service.
  const descriptorsLeft = limit !== null && limit > 2 * HELPER_DESCRIPTORS && !view.saw({ via: 'thread' });
  const counted = open !== null && limit !== null ? `; this process has ${open} of ${limit} open now` : '';
  return {
    inferred: [
      ...(sandbox === null
        ? []
        : [
            {
              cause: `${sandbox} does not let this through to the driver`,
              confidence: 'likely' as const,
              because: '17 is the usual answer there',
            },
          ]),
      {
        cause: 'the driver cannot talk to the device (EIO, EBUSY, ETIMEDOUT)',
        confidence: descriptorsLeft && sandbox === null ? 'likely' : 'possible',
        because: descriptorsLeft
          ? 'NVML makes 17 of these on an open, and of any ioctl that fails; it makes it of EMFILE too, but the process ' +
            `that asked was new, and far from its limit of ${limit} descriptors`
          : 'NVML makes 17 of these on an open, and of any ioctl that fails; the kernel log has the first three',
      },
      ...(descriptorsLeft
        ? []
        : [
            {
              cause: 'the process that asked was out of file descriptors for a moment (EMFILE)',
              confidence: 'possible' as const,
              because: `NVML makes the same 17 of it${counted}`,
            },
          ]),
    ],
    remedy: [
      'Compare `ls /proc/PID/fd | wc -l` of what failed with its limit, `grep "open files" /proc/PID/limits`.',
    ],
  };
}

/**
 * 999 says little: most internal errors, and most errnos of an open, become 999. Other observations narrow it
 * down. A refused open that access() shows is another finding.
 */
function unknownError(view: View): Causes {
  const exhausted = signsOfExhaustion(view);
  // mutation: exhaustion-is-no-refusal
  if (exhausted.length > 0) return outOfResources(exhausted);
  const nodesFine = view.saw({ id: 'nodes', outcome: 'ok' });
  return {
    inferred: [
      {
        cause: 'the driver could not attach the GPU, or is in a bad state since an earlier fault',
        confidence: nodesFine ? 'likely' : 'possible',
        because: nodesFine
          ? "NVML answers 999 for most of the driver's internal errors, and the device nodes could have been opened"
          : "NVML answers 999 for most of the driver's internal errors",
      },
      {
        cause: 'the driver or the kernel was out of memory, of open files (ENFILE), or of another resource',
        confidence: 'possible',
        because: ['NVML makes 999 of ENOMEM, ENFILE and ENODEV too', ...fullMemory(view)].join('; '),
      },
      {
        cause:
          'access to a device node was lost for a moment, or refused by what access() does not show (seccomp)',
        confidence: 'possible',
        because: 'NVML makes 999 of EPERM on an open; but access() to the nodes shows no refusal',
      },
    ],
    remedy: [
      ...DECIDE_OPEN,
      'Ask again, with `gpuprobe --checks nodes,nvml.init`: what is lasting, and what was a moment?',
      "Look at the host's memory and open files (/proc/sys/fs/file-nr) at the time.",
      ...(view.facts.host.container ? [`It lasts: ${lowerFirst(recreate(view.facts.host))}.`] : []),
      'It lasts beyond that: with no GPU work running, reload the driver, or reboot the host.',
    ],
  };
}

/** Above this share, a GPU has no room for another context of the larger kind (555 MiB of 16 GiB). */
const FULL = 0.95;

function fullMemory(view: View): string[] {
  return view.facts.devices
    .filter(
      ({ memory: { usedBytes, totalBytes } }) =>
        usedBytes !== null && totalBytes && usedBytes / totalBytes > FULL,
    )
    .flatMap(quoteMemory);
}

/** Returns the evidence of exhausted memory: CUDA's own code for it. A full GPU alone may be intended. */
function signsOfExhaustion(view: View): string[] {
  return view.saw({ id: ['cuda.init', 'cuda.context'], outcome: 'failed', code: OUT_OF_MEMORY })
    ? ['CUDA answers 2 CUDA_ERROR_OUT_OF_MEMORY', ...fullMemory(view)]
    : [];
}

/** CUDA reports a refused open as 800 or 100, never as 2, so exhaustion and refusal exclude each other. */
function outOfResources(signs: readonly string[]): Causes {
  return {
    inferred: [
      {
        cause: 'the driver or the kernel is out of memory, or of another resource',
        confidence: 'likely',
        because: `NVML makes 999 of NO_MEMORY and INSUFFICIENT_RESOURCES; ${signs.join('; ')}`,
      },
    ],
    remedy: [
      'See who holds the memory: `nvidia-smi` on the host, or `processes` in `gpuprobe --json`; end what is not needed.',
      'Admit no further session until memory is back.',
      "Look at the host's own memory and open files (/proc/sys/fs/file-nr) too.",
    ],
  };
}
