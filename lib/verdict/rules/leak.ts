import type { Confidence } from '../../probe/report.js';
import type { Moment, PastDevice } from '../history.js';
import { momentOf } from '../history.js';
import { perDevice } from '../per-device.js';
import type { Rule } from '../rule.js';
import { type Point, type Trend, trendOf } from '../trend.js';
import type { View } from '../view.js';

const MIB = 2 ** 20;
/** Fewer sessions say nothing: caches fill, and one of nine orders of nine readings that rise by chance is all too many. */
const LEAST_SESSIONS = 8;
/** Less is within what drivers and caches hold on to. */
const LEAST_RISE_BYTES = 128 * MIB;
/** Share of the pairs of readings that rise. */
const LEAST_RISING = 0.95;
/** The rise over the readings' own scatter. */
const LEAST_OVER_NOISE = 4;
/** Both halves rise at least so much of the whole: what levels off is a cache that has filled. */
const LEAST_OF_SLOPE = 1 / 3;

/** Memory after so many sessions, at times when equally few were under way. */
interface Held {
  points: Point[];
  /** Sessions under way at those times. */
  under: number;
  of: 'encoder' | 'processes';
}

export const memoryLeak: Rule = {
  id: 'memory-leak',
  severity: 'warning',
  title: 'Memory stays allocated after sessions',
  meaning:
    'Sessions come and go, and after each the GPU holds more memory than before it. A restart hides it; without ' +
    'one, some later session does not fit.',
  detection:
    `Over at least ${LEAST_SESSIONS} sessions that ended, memory.usedBytes at the times with the fewest sessions ` +
    `rises: by ${LEAST_RISE_BYTES / MIB} MiB or more, in at least ${LEAST_RISING * 100} % of all pairs of readings, ` +
    'in the first half and in the second (median of the slopes of all pairs, Theil-Sen). Sessions are those of the ' +
    'encoder; on a GPU without them, processes. Needs the history of a monitor.',
  lookalikes: [
    'A cache that fills (shaders, a pool of textures) rises and levels off: the second half of it does not rise.',
    'Sessions that grow larger, while some are always under way.',
    'A fragmented pool of the service: its memory is held, and would be used again.',
  ],
  source:
    'Theil 1950, Sen 1968 (the slope); https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetMemoryInfo_v2)',
  find: (view) =>
    perDevice(view, (device, id, label) => {
      const moments = momentsOf(view, id);
      const held = heldAtRest(moments);
      const trend = held === null ? null : trendOf(held.points);
      if (held === null || trend === null || !isLeak(held.points, trend)) return null;
      const [first, last] = [held.points[0] as Point, held.points.at(-1) as Point];
      const sessions = last.x - first.x;
      return {
        summary: `${label} holds ${mib(trend.slope)} MiB more after each session, over ${sessions} sessions.`,
        observed: [
          `sessions ${held.under}, ${mib(last.y)} MiB held`,
          `${signed(trend.slope)} MiB per session over ${sessions} sessions ` +
            `(${percent(trend.rising)} of all pairs of readings rise, scatter ${mib(trend.noise)} MiB)`,
          `memory held ${sessions} sessions ago: ${mib(first.y)} MiB`,
          ...holders(moments, trend.slope),
        ],
        inferred: [
          {
            cause: 'what a session allocates is not all given back when it ends',
            confidence: confidenceOf(trend),
            because:
              `memory rises with the sessions, in both halves of the time (${signed(trend.halves[0])} and ` +
              `${signed(trend.halves[1])} MiB per session)`,
          },
        ],
        remedy: [
          device.memory.freeBytes === null
            ? 'Plan a restart of what holds the memory, before a session does not fit.'
            : `Plan a restart of what holds the memory: at this rate it lasts for ` +
              `${Math.floor(device.memory.freeBytes / trend.slope)} more sessions.`,
          'See that the clean-up of a session is waited for, and that it did end: "terminated" in a log is no proof.',
          'Compare contexts and memory by process before and after one session (`gpuprobe --json`, devices[].processes).',
        ],
      };
    }),
};

/** This GPU as it was at each look, and as it is now. */
function momentsOf(view: View, id: string): PastDevice[] {
  const last: Moment | undefined = view.history.at(-1);
  const now = last?.takenAt === view.facts.takenAt ? [] : [momentOf(view.facts, last)];
  return [...view.history, ...now].flatMap(({ devices }) => devices.find((device) => device.id === id) ?? []);
}

/** By the number of sessions that had ended: the least memory held while the fewest were under way. */
function heldAtRest(moments: readonly PastDevice[]): Held | null {
  const groups = new Map<number, { under: number; bytes: number }>();
  for (const { sessions, usedBytes, pids, encoderSessions } of moments) {
    // Between lists it is not known who is there.
    if (usedBytes === null || (pids === null && encoderSessions === null)) continue;
    const under = sessions.ids.length;
    const known = groups.get(sessions.ended);
    const better =
      known === undefined || under < known.under || (under === known.under && usedBytes < known.bytes);
    if (better) groups.set(sessions.ended, { under, bytes: usedBytes });
  }
  const levels = new Map<number, Point[]>();
  for (const [x, { under, bytes: y }] of groups) levels.set(under, [...(levels.get(under) ?? []), { x, y }]);
  const best = [...levels].sort(([a, these], [b, those]) => those.length - these.length || a - b)[0];
  if (best === undefined) return null;
  return {
    under: best[0],
    points: best[1].sort((a, b) => a.x - b.x),
    of: moments.at(-1)?.sessions.of ?? 'processes',
  };
}

function isLeak(points: readonly Point[], { slope, rising, noise, halves }: Trend): boolean {
  const sessions = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);
  const rise = slope * sessions;
  return (
    sessions >= LEAST_SESSIONS &&
    // Where most of the time some are under way, the few moments of rest are too few to go by.
    points.length > LEAST_SESSIONS / 2 &&
    rise >= LEAST_RISE_BYTES &&
    rising >= LEAST_RISING &&
    rise >= LEAST_OVER_NOISE * noise &&
    halves.every((half) => half >= slope * LEAST_OF_SLOPE)
  );
}

/** Two halves that agree are better evidence than one slope. */
function confidenceOf({ slope, rising, halves }: Trend): Confidence {
  const even = halves.every((half) => half >= slope / 1.5 && half <= slope * 1.5);
  return rising >= 0.98 && even ? 'likely' : 'possible';
}

/** Processes that were there all the time and hold a good part of what is too much; or that none of them does. */
function holders(moments: readonly PastDevice[], slope: number): string[] {
  const listed = moments.filter(({ pids }) => pids !== null);
  const [first, last] = [listed[0], listed.at(-1)];
  const constant = first?.pids?.filter((pid) => listed.every(({ pids }) => pids?.includes(pid))) ?? [];
  const grown = constant.flatMap((pid) => {
    const points = listed.flatMap(({ sessions, pids, pidBytes }) => {
      const y = pidBytes?.[pids?.indexOf(pid) ?? -1];
      return y == null ? [] : [{ x: sessions.ended, y }];
    });
    const own = trendOf(points)?.slope ?? 0;
    return own >= slope / 4 ? [`of it, the process ${pid}: ${signed(own)} MiB per session`] : [];
  });
  const count = last?.pids?.length ?? 0;
  return grown.length > 0 || count === 0
    ? grown
    : [
        `none of the ${count} processes listed grows with it: it is held by none, or by those that come and go`,
      ];
}

const mib = (bytes: number) => Math.round(bytes / MIB);
const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${mib(Math.abs(bytes))}`;
const percent = (share: number) => `${Math.floor(share * 100)} %`;
