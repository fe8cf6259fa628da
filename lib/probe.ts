import { collect } from './probe/collect.js';
import { type ProbeOptions, type ResolvedOptions, resolveOptions } from './probe/options.js';
import type { OnProgress } from './probe/probe-client.js';
import type { Report } from './probe/report.js';

/** Looks in progress, by their options: a thousand concurrent callers are one caller to the driver. */
const inFlight = new Map<string, Promise<Report>>();

async function look(options: ResolvedOptions, onProgress: OnProgress | undefined): Promise<Report> {
  const asked = collect(options, onProgress);
  // The rules are a third of the code: they load while the driver is asked.
  const [facts, { judge }] = await Promise.all([asked, import('./verdict/judge.js')]);
  return judge(facts, options.require === undefined ? {} : { require: options.require });
}

/**
 * Looks once and reports: can this process's next GPU work start and be watched?
 *
 * Resolves with a {@link Report} however broken the GPU is. Concurrent calls with the same options share one
 * look and its report. The helper process stays for later calls and ends with this process, which it never
 * keeps alive.
 * @throws GpuProbeError if an option is not allowed, or gpuprobe itself cannot work
 */
export async function probe(
  options: ProbeOptions = {},
  hooks: { onProgress?: OnProgress } = {},
): Promise<Report> {
  const resolved = resolveOptions(options);
  if (hooks.onProgress !== undefined) return look(resolved, hooks.onProgress);
  const key = JSON.stringify({ ...resolved, checks: [...resolved.checks] });
  const shared = inFlight.get(key);
  if (shared !== undefined) return shared;
  const own = look(resolved, undefined).finally(() => inFlight.delete(key));
  inFlight.set(key, own);
  return own;
}
