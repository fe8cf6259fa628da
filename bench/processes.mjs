import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readStat } from '../test/support/stat.mjs';

/**
 * @param {string} path
 * @returns {string | null} null: the process has gone
 */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/**
 * The gpuprobe-* processes below a service.
 * @param {number} service
 */
export function probesOf(service) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const found = readStat(Number(name));
      return found?.name.startsWith('gpuprobe-') ? [found] : [];
    });
  const wardens = all.filter((item) => item.parent === service);
  return [...wardens, ...all.filter((item) => wardens.some((warden) => warden.pid === item.parent))];
}

/**
 * Returns false for a zombie: it has exited and only waits to be reaped.
 * @param {{ pid: number, started: string }} known
 */
export function isRunning(known) {
  const found = readStat(known.pid);
  return found !== undefined && found.started === known.started && !['Z', 'X'].includes(found.state);
}

/**
 * Bytes of a line of /proc/PID/status.
 * @param {number | 'self'} pid
 * @param {'VmRSS' | 'RssAnon'} line
 */
export function memoryOf(pid, line) {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readIfThere(`/proc/${pid}/status`) ?? '');
  if (found === null) throw new Error(`no ${line} in /proc/${pid}/status`);
  return Number(found[1]) * 1024;
}

/**
 * Nanoseconds that a process has run; 0 for one that has gone.
 * @param {number} pid
 */
export function ranNs(pid) {
  return Number(readIfThere(`/proc/${pid}/schedstat`)?.split(' ')[0] ?? 0);
}

/** @param {string} path */
function isWorld(path) {
  try {
    return readlinkSync(path).startsWith('/memfd:gpuprobe-world');
  } catch {
    return false; // of the listing itself, and closed
  }
}

/**
 * Threads and descriptors of a process, without those of simulated machines, which a service has none of. For this one
 * the listing's own descriptor counts every time alike.
 * @param {number | 'self'} pid
 */
export function handlesOf(pid) {
  return {
    threads: readdirSync(`/proc/${pid}/task`).length,
    descriptors: readdirSync(`/proc/${pid}/fd`).filter((fd) => !isWorld(`/proc/${pid}/fd/${fd}`)).length,
  };
}
