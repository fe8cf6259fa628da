import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What figures depend on. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    driver: 'simulated driver, scenario healthy',
    loadAverage: loadavg()[0] ?? 0,
  };
}
