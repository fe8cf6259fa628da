import { Asking, type OnProgress } from './asking.js';
import { Look } from './look.js';
import { openMachine, unsupportedPlatform } from './machine.js';
import type { ResolvedOptions } from './options.js';
import type { Facts } from './report.js';

/**
 * Asks once everything that the options select and gathers the answers, cheapest first: nodes, telemetry, canaries.
 * Never rejects for a sick GPU.
 * @throws GpuProbeError when gpuprobe itself cannot work: no addon, no warden, an unknown scenario
 */
export async function collect(options: ResolvedOptions, onProgress?: OnProgress): Promise<Facts> {
  const started = new Date();
  const startedMs = performance.now();
  const machine = await openMachine(options);
  if (machine === null) return unsupportedPlatform(options, started);
  const look = new Look(options, machine.source);
  const asking = new Asking(options, machine.source, { onProgress });
  await look.nodes(asking);
  await look.telemetry(asking, { lists: true });
  await look.canary(asking);
  return look.facts(started, performance.now() - startedMs);
}
