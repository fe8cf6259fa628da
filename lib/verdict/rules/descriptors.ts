import type { Impact, OpenFiles } from '../../probe/report.js';
import { quote } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Absorbs, Hit, Rule } from '../rule.js';
import type { View } from '../view.js';

/** File descriptors: a service without free ones sees what looks like a broken driver. */

/**
 * NVML keeps 4 open, and 2 for each GPU; CUDA opens a node for each context and each memory mapping (seen by
 * strace with driver 535). With fewer left than this, NVML on 8 GPUs and a session or two may not fit.
 */
const FEW = 64;

/** Share of the system-wide limit. */
const SYSTEM_FULL = 0.99;

/** What the driver's libraries answer if the process (EMFILE) or system (ENFILE) has no descriptors left. */
const EMFILE: readonly Absorbs[] = [
  { id: 'library-absent' },
  { id: 'nvml-init-failed', answers: [17] },
  { id: 'device-unreadable', answers: [17, 999] },
  { id: 'cuda-init-failed', answers: [100, 304] },
  { id: 'cuda-context-refused', answers: [304] },
  { id: 'cuda-nvml-disagree' },
  { id: 'fresh-warm-disagree' },
];
const ENFILE: readonly Absorbs[] = [
  { id: 'nvml-init-failed', answers: [999] },
  { id: 'device-unreadable', answers: [999] },
  { id: 'cuda-init-failed', answers: [2, 100] },
  { id: 'cuda-out-of-memory' },
  { id: 'cuda-nvml-disagree' },
  { id: 'fresh-warm-disagree' },
];

export const fdExhausted: Rule = {
  id: 'fd-exhausted',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'restart-app',
  scope: 'process',
  title: 'Out of file descriptors',
  meaning:
    'This process, or the whole system, has nearly no file descriptor left. The next session needs some, and will be ' +
    'told that the driver is at fault: the GPU is well.',
  detection:
    `Fewer than ${FEW} descriptors are left to this process (/proc/self/fd against its limit), or the system has ` +
    `${SYSTEM_FULL * 100} % of its open files (/proc/sys/fs/file-nr). Critical where the driver's libraries have answered a ` +
    'process that shares that limit with what they make of EMFILE (NVML 17, CUDA 304 or 100) or of ENFILE (NVML 999, CUDA 2). ' +
    "gpuprobe's helper processes have descriptors of their own: they work while the service is out of them.",
  lookalikes: [
    'NVML 17 with descriptors left: EIO and EBUSY give the same code, and a sandbox does.',
    'A leak of connections or sessions: descriptors are what runs out first.',
  ],
  source: 'https://man7.org/linux/man-pages/man2/open.2.html (EMFILE, ENFILE)',
  absorbs: [...EMFILE, { id: 'nvml-init-failed', answers: [999] }, { id: 'cuda-out-of-memory' }],
  find(view) {
    const { openFiles } = view.facts.host;
    const own = ownLeft(openFiles);
    if (own !== null && own < FEW) return [ofProcess(view, openFiles, own)];
    const { systemOpen, systemLimit } = openFiles;
    if (systemOpen === null || systemLimit === null || systemOpen < SYSTEM_FULL * systemLimit) return [];
    return [ofSystem(view, systemOpen, systemLimit)];
  },
};

/** Impact if driver calls have already failed because of it. */
const STRUCK: Partial<Impact> = { starts: 'blocked', watching: 'broken' };

function ownLeft({ open, limit }: OpenFiles): number | null {
  return open === null || limit === null ? null : Math.max(0, limit - open);
}

function ofProcess(view: View, { open, limit }: OpenFiles, left: number): Hit {
  // A helper has few open descriptors: it shares the limit, but not the open ones.
  const shared = (limit ?? 0) < FEW;
  const struck = view
    .checks({ outcome: 'failed', ...(shared ? {} : { via: 'thread' }) })
    .filter(({ id, code, name }) => isEmfile(id, code, name));
  return {
    device: null,
    ...(struck.length > 0 ? { impact: STRUCK } : {}),
    summary: `This process has ${left === 0 ? 'no' : `only ${left}`} file descriptors left of ${limit}: new GPU work will fail.`,
    observed: [`this process: ${open} of ${limit} file descriptors open`, ...struck.map(quote)],
    inferred: [
      struck.length > 0
        ? {
            cause: 'the opens of the driver failed for want of a descriptor (EMFILE)',
            confidence: 'likely',
            because: 'these are the codes that its libraries make of EMFILE, and the process is at its limit',
          }
        : {
            cause: 'the process leaks descriptors, or its limit is too low for its sessions',
            confidence: 'possible',
            because: 'which of the two, their number over time tells',
          },
    ],
    remedy: [
      "`ls -l /proc/PID/fd | awk '{print $NF}' | sort | uniq -c | sort -n | tail`: what are they?",
      'A leak: restart the service, then mend it. Many sessions: raise the limit (`ulimit -n`, `LimitNOFILE=`, ' +
        '`docker run --ulimit nofile=`).',
      'Leave the GPU and the driver alone: they are not at fault.',
    ],
    absorbs: struck.length > 0 ? EMFILE : [],
  };
}

function isEmfile(id: string, code: number | null, name: string | null): boolean {
  if (id.endsWith('.load')) return name === 'LIBRARY_NOT_FOUND';
  return id.startsWith('nvml.') ? code === 17 : code === 304 || code === 100;
}

function ofSystem(view: View, open: number, limit: number): Hit {
  const struck = view
    .checks({ outcome: 'failed' })
    .filter(({ id, code }) =>
      id.startsWith('nvml.') ? code === 999 : id.startsWith('cuda.') && (code === 2 || code === 100),
    );
  return {
    device: null,
    ...(struck.length > 0 ? { impact: STRUCK } : {}),
    summary: `The system has ${open} of ${limit} files open: nothing more can be opened.`,
    observed: [`/proc/sys/fs/file-nr: ${open} of ${limit}`, ...struck.map(quote)],
    inferred: [
      {
        cause: 'a process on this machine, not necessarily in this container, leaks open files',
        confidence: 'likely',
        because: 'the limit is for all of them together',
      },
    ],
    remedy: [
      'On the host: `for p in /proc/[0-9]*; do echo "$(ls $p/fd | wc -l) $p"; done | sort -n | tail`: who has them?',
      'Raise it: `sysctl fs.file-max`.',
      'Leave the GPU and the driver alone: they are not at fault.',
    ],
    absorbs: struck.length > 0 ? ENFILE : [],
  };
}
