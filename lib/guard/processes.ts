import { readFileSync, statSync } from 'node:fs';

/**
 * A process, and not whatever has its pid later: a pid is used again, its start time is not.
 * See proc_pid_stat(5), field 22.
 */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot; null where /proc does not show it (hidepid). */
  start: number | null;
  /** Inode of the pid namespace in which `pid` names it. */
  namespace: number;
}

/** `unknown`: its pid is one of another pid namespace, another container's, and names nothing here. */
export type ProcessState = 'alive' | 'ended' | 'unknown';

/** What the guard asks of the kernel about processes; a test has its own. */
export interface ProcessTable {
  /** This process. */
  self: ProcessIdentity;
  /** The pids that NVML lists are those of this process's namespace. */
  hostPids: boolean;
  /** Null where there is no such process. */
  identify(pid: number): ProcessIdentity | null;
  /** `ended` only where that is certain. */
  stateOf(process: ProcessIdentity): ProcessState;
}

/** PROC_PID_INIT_INO: the namespace of the machine itself, in whose pids NVML speaks. include/linux/proc_ns.h */
const HOST_NAMESPACE = 0xefff_fffc;
const START_TIME = 22;

/** State and start time of a process; null where /proc does not show them. */
function readStat(pid: number): { state: string; start: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets; the fields after it do not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: Number(fields[START_TIME - 3]) };
  } catch {
    return null;
  }
}

/** EPERM is a living process of somebody else's: taking it for dead frees its slot while it runs. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** One that has ended and was not waited for holds nothing of the GPU any more. */
const hasEnded = (state: string) => state === 'Z' || state === 'X';

/** The processes of this machine, as this process may see them. */
export function systemProcesses(): ProcessTable {
  const namespace = statSync('/proc/self/ns/pid', { throwIfNoEntry: false })?.ino ?? 0;
  const identify = (pid: number): ProcessIdentity | null => {
    if (!exists(pid)) return null;
    const stat = readStat(pid);
    if (stat !== null && hasEnded(stat.state)) return null;
    return { pid, start: stat?.start ?? null, namespace };
  };
  return {
    self: { pid: process.pid, start: readStat(process.pid)?.start ?? null, namespace },
    hostPids: namespace === HOST_NAMESPACE,
    identify,
    stateOf(process) {
      if (process.namespace !== namespace) return 'unknown';
      if (!exists(process.pid)) return 'ended';
      const stat = readStat(process.pid);
      if (stat === null) return 'alive';
      // mutation: guard-pid-reuse
      const isAnother = process.start !== null && process.start !== stat.start;
      return hasEnded(stat.state) || isAnother ? 'ended' : 'alive';
    },
  };
}
