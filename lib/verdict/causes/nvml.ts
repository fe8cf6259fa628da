import type { Answer } from '../answer.js';
import type { View } from '../view.js';
import { type Causes, type CausesOf, merged } from './causes.js';

/** Causes by nvmlReturn_t. Codes with a rule of their own (15, 16, 18, 27) are not here. */
const TABLE: ReadonlyMap<Answer, CausesOf> = new Map<Answer, CausesOf>([
  [
    4,
    () => ({
      inferred: [
        {
          cause: 'the user, or a security profile, may not open the driver',
          confidence: 'possible',
          because: 'NVML answers 4 where an open is refused with EACCES',
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

/** What may be behind NVML's answers. */
export function nvmlCauses(answers: readonly Answer[], view: View): Causes {
  return merged(answers, TABLE, view);
}

function blockedBySystem(view: View): Causes {
  return {
    inferred: [
      {
        cause: 'the process that asked, or the system, is out of file descriptors (EMFILE)',
        confidence: 'possible',
        because: 'NVML makes the same 17 of EMFILE, EIO, EBUSY and ETIMEDOUT',
      },
      {
        cause: view.facts.host.wsl
          ? 'WSL2 does not offer this to Linux'
          : 'a sandbox such as gVisor refuses it',
        confidence: view.facts.host.wsl ? 'likely' : 'possible',
        because: '17 is the usual answer there',
      },
      {
        cause: 'the driver cannot talk to the device (EIO, EBUSY)',
        confidence: 'possible',
        because: 'the kernel log says so where it is the case',
      },
    ],
    remedy: [
      'Compare `ls /proc/PID/fd | wc -l` of the failing process with `ulimit -n`, and raise the limit.',
    ],
  };
}

/** 999 says little: most internal errors, and most errnos of an open, become it. */
function unknownError(view: View): Causes {
  const nodesFine = view.saw({ id: 'nodes', outcome: 'ok' });
  const opens = nodesFine ? ', and layer 0 could have opened the device nodes' : '';
  return {
    inferred: [
      {
        cause: 'the driver could not attach the GPU, or is in a bad state since an earlier fault',
        confidence: 'possible',
        because: `NVML answers 999 for most of the driver's internal errors${opens}`,
      },
      {
        cause: 'the kernel was out of memory, of open files (ENFILE), or of another resource',
        confidence: 'possible',
        because: 'NVML makes 999 of ENOMEM, ENFILE and ENODEV too',
      },
      {
        cause: 'an open was refused for a moment, or by something that access() does not show (seccomp)',
        confidence: 'possible',
        because: 'NVML makes 999 of EPERM on open',
      },
    ],
    remedy: [
      'Ask again, with `gpuprobe --checks nodes,nvml.init`: what is lasting, and what was a moment?',
      "Look at the host's memory and open files (/proc/sys/fs/file-nr) at the time.",
      'If it lasts: recreate the container; then, with no GPU work running, reload the driver or ' +
        'reboot the host.',
    ],
  };
}
