import { readFileSync } from 'node:fs';

/**
 * CPU nanoseconds of the calling thread. The kernel brings its account up to date when the process asks for its
 * own usage; without that the file is behind by up to a tick.
 */
export function threadCpuNs() {
  process.cpuUsage();
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}
