import type { EventName, GpuProbeEvents } from '../../../monitor/events.js';
import type { GpuProbe } from '../../../monitor/gpu-probe.js';
import type { Verdict } from '../../../probe/report.js';
import type { Invocation } from '../arguments.js';
import type { CliContext, CommandResult } from '../context.js';
import { exitCodeOf } from '../exit-codes.js';
import { humanEvent } from '../human/event.js';
import { painter } from '../human/paint.js';

type Event = GpuProbeEvents[EventName];

/** All but `report`, which comes with every look. Named here: the monitor is loaded only by who uses it. */
const TOLD: readonly EventName[] = [
  'verdict',
  'finding',
  'recovered',
  'stale',
  'gap',
  'monitoring',
  'fallback',
  'xid',
];

const INTERVAL_MS = 2000;
const LOOKS_TO_LISTS = 5;
const LOOKS_TO_CANARY = 15;

/** `gpuprobe watch`: events as they happen, a line each, until a signal; exits by the last verdict. */
export async function watch(
  { json, failOnDegraded, color, intervalMs, probe }: Extract<Invocation, { command: 'watch' }>,
  { monitor, untilAskedToEnd, stdout, env, version }: CliContext,
): Promise<CommandResult> {
  const every = intervalMs ?? INTERVAL_MS;
  const askedToEnd = untilAskedToEnd();
  const gpu = await monitor({
    ...probe,
    ttlMs: every,
    listsIntervalMs: LOOKS_TO_LISTS * every,
    canaryIntervalMs: LOOKS_TO_CANARY * every,
    logger: false,
  });
  const paint = painter(stdout, env, color);
  const line = (event: Event) => (json ? `${JSON.stringify(event)}\n` : humanEvent(event, paint));
  let verdict: Verdict = 'unknown';
  for (const name of TOLD) gpu.on(name, (event: Event) => void stdout.write(line(event)));
  gpu.on('verdict', (event) => {
    verdict = event.verdict;
  });
  if (json) {
    const start = { type: 'start', at: new Date().toISOString(), version, intervalMs: every };
    stdout.write(`${JSON.stringify(start)}\n`);
  }
  try {
    const signal = await Promise.race([askedToEnd, firstFailure(gpu)]);
    const exitCode = exitCodeOf(verdict, failOnDegraded);
    const end = { type: 'end', at: new Date().toISOString(), signal, verdict, exitCode };
    return { exitCode, stdout: json ? `${JSON.stringify(end)}\n` : '', stderr: '' };
  } finally {
    await gpu.close();
  }
}

/** A scenario that there is not, an addon that is not built: nothing would ever be told. */
function firstFailure(gpu: GpuProbe): Promise<never> {
  return new Promise((_, reject) => {
    gpu.check().catch(reject);
  });
}
