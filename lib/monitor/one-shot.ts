import type { OnProgress } from '../probe/asking.js';
import { collect } from '../probe/collect.js';
import { type ProbeOptions, resolveOptions } from '../probe/options.js';
import type { Report } from '../probe/report.js';
import { judge } from '../verdict/judge.js';

/**
 * Looks once and says what it saw: can this process's next GPU work start and be watched?
 *
 * Resolves with a {@link Report} however sick the GPU is. The helper process stays for later calls and ends with
 * this process, which it never keeps alive.
 * @throws GpuProbeError when an option is not allowed, or gpuprobe itself cannot work
 */
export async function probe(
  options: ProbeOptions = {},
  hooks: { onProgress?: OnProgress } = {},
): Promise<Report> {
  const resolved = resolveOptions(options);
  const facts = await collect(resolved, hooks.onProgress);
  return judge(facts, resolved.require === undefined ? {} : { require: resolved.require });
}
