import { readFileSync, statSync } from 'node:fs';

/**
 * Identifies a process even if its pid is reused later: the start time is not reused. See proc_pid_stat(5),
 * field 22.
 */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot; null if /proc does not show it (hidepid). */
  start: number | null;
  /** Inode of the pid namespace in which `pid` is valid. */
  namespace: number;
}

/** `unknown`: the pid belongs to another pid namespace (another container) and means nothing here. */
export type ProcessState = 'alive' | 'ended' | 'unknown';

/** The kernel's process information that the guard uses; tests pass their own. */
export interface ProcessTable {
  /** This process. */
  self: ProcessIdentity;
  /** True if the pids that NVML lists are valid in this process's namespace. */
  hostPids: boolean;
  /** Returns null if the process does not exist. */
  identify(pid: number): ProcessIdentity | null;
  /** Returns `ended` only if that is certain. */
  stateOf(process: ProcessIdentity): ProcessState;
}

/** PROC_PID_INIT_INO: the machine's initial pid namespace, whose pids NVML lists. include/linux/proc_ns.h */
const HOST_NAMESPACE = 0xefff_fffc;
const START_TIME = 22;

/** Returns a process's state and start time; null if /proc does not show them. */
function readStat(pid: number): { state: string; start: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The process name may contain spaces and parentheses; the fields after it do not.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', start: Number(fields[START_TIME - 3]) };
  } catch {
    return null;
  }
}

/** EPERM means a living process of another user. Treating it as dead would free its place while it runs. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** A zombie (exited but not yet reaped) no longer holds anything on the GPU. */
const hasEnded = (state: string) => state === 'Z' || state === 'X';

/** Returns the processes of this machine, as far as this process may see them. */
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
