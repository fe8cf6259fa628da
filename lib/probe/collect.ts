import { Collector } from './collector.js';
import { openMachine, unsupportedPlatform } from './machine.js';
import type { ResolvedOptions } from './options.js';
import { type OnProgress, ProbeClient } from './probe-client.js';
import type { Facts } from './report.js';

/**
 * Runs everything that the options select once and gathers the answers, cheapest first: nodes, telemetry,
 * canaries. Never rejects because of a broken GPU.
 * @throws GpuProbeError if gpuprobe itself cannot work: no addon, no warden, an unknown scenario
 */
export async function collect(options: ResolvedOptions, onProgress?: OnProgress): Promise<Facts> {
  const started = new Date();
  const startedMs = performance.now();
  const machine = await openMachine(options);
  if (machine === null) return unsupportedPlatform(options, started);
  const look = new Collector(options, machine.source);
  const client = new ProbeClient(options, machine.source, { onProgress });
  await look.nodes(client);
  await look.telemetry(client, { lists: true });
  await look.canary(client);
  return look.facts(started, performance.now() - startedMs);
}
