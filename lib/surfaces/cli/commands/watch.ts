import type { EventName, GpuProbeEvents } from '../../../monitor/events.js';
import type { GpuProbe } from '../../../monitor/gpu-probe.js';
import type { ProbeOptions } from '../../../probe/options.js';
import type { Verdict } from '../../../probe/report.js';
import { atMost, type Command } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { exitCodeOf } from '../exit-codes.js';
import { humanEvent } from '../human/event.js';
import { FAIL_ON, integer, JSON_OUTPUT, JUDGE_OPTIONS, PROBE_OPTIONS, probeOptionsOf } from '../options.js';

type Event = GpuProbeEvents[EventName];

/** All events except `report`, which comes with every look. Listed here to avoid loading the monitor. */
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

const INTERVAL = integer(
  'interval',
  'MS',
  { least: 10, most: 3_600_000 },
  `Milliseconds between looks. Default ${INTERVAL_MS}; lists of processes every ${LOOKS_TO_LISTS} looks, canaries every ${LOOKS_TO_CANARY}.`,
);

interface Asked {
  json: boolean;
  failOnDegraded: boolean;
  intervalMs: number;
  probe: ProbeOptions;
}

/** `gpuprobe watch`: prints one line per event until a signal; the exit code is that of the last verdict. */
export const watch: Command<Asked> = {
  name: 'watch',
  usage: 'watch',
  summary: 'Probe again and again, and print what changes as it happens, until SIGINT or SIGTERM.',
  examples: [
    ['gpuprobe watch --json', 'what changes, as a line of JSON each, until Ctrl-C'],
    [
      'gpuprobe watch --sim wolf-2025-11-05 --from 12:28:00 --speed 60 --interval 100',
      'an incident, a minute in a second',
    ],
  ],
  options: [JSON_OUTPUT, INTERVAL, ...PROBE_OPTIONS, ...JUDGE_OPTIONS],
  parse(words) {
    atMost(0, words, 'watch');
    return {
      json: words.value(JSON_OUTPUT) !== undefined,
      failOnDegraded: words.value(FAIL_ON) !== undefined,
      intervalMs: words.value(INTERVAL) ?? INTERVAL_MS,
      probe: probeOptionsOf(words),
    };
  },
  run,
};

type Context = Pick<CommandContext, 'monitor' | 'untilAskedToEnd' | 'stdout' | 'paint' | 'version'>;

async function run(
  { json, failOnDegraded, intervalMs: every, probe }: Asked,
  { monitor, untilAskedToEnd, stdout, paint, version }: Context,
): Promise<CommandResult> {
  const askedToEnd = untilAskedToEnd();
  const gpu = await monitor({
    ...probe,
    ttlMs: every,
    listsIntervalMs: LOOKS_TO_LISTS * every,
    canaryIntervalMs: LOOKS_TO_CANARY * every,
    logger: false,
  });
  const line = (event: Event) => (json ? `${JSON.stringify(event)}\n` : humanEvent(event, paint));
  let verdict: Verdict = 'unknown';
  for (const name of TOLD) gpu.on(name, (event: Event) => void stdout.write(line(event)));
  gpu.on('verdict', (event) => {
    verdict = event.verdict;
  });
  if (json) {
    const start = { type: 'start', at: new Date().toISOString(), version: version(), intervalMs: every };
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

/** Rejects if the first look fails (unknown scenario, addon not built): then no event would ever come. */
function firstFailure(gpu: GpuProbe): Promise<never> {
  return new Promise((_, reject) => {
    gpu.check().catch(reject);
  });
}
