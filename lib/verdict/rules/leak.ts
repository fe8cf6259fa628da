import type { Confidence } from '../../probe/report.js';
import type { PastDevice } from '../history.js';
import { historyEntryOf } from '../history.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Rule } from '../rule.js';
import { median, type Point, type Trend, trendOf } from '../trend.js';
import type { View } from '../view.js';

const MIB = 2 ** 20;
/** Fewer sessions prove nothing: caches fill at first, and a few readings may rise by chance. */
const LEAST_SESSIONS = 8;
/** If some sessions are always active, memory also rises when larger ones replace smaller ones. */
const LEAST_SESSIONS_BESIDE_OTHERS = 4 * LEAST_SESSIONS;
/** A smaller rise is within what drivers and caches hold from time to time. */
const LEAST_RISE_BYTES = 256 * MIB;
/** Share of the pairs of readings that rise. */
const LEAST_RISING = 0.95;
/** Ratio of the rise to the readings' own scatter. */
const LEAST_OVER_NOISE = 20;
/** Least rise of both ends, as a share of the whole slope: a rise that levels off is a filled cache. */
const LEAST_OF_SLOPE = 1 / 3;

/** Memory after each number of sessions, at times when equally few were active. */
interface Held {
  points: Point[];
  /** Sessions active at those times. */
  under: number;
}

export const memoryLeak: Rule = {
  id: 'memory-leak',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'restart-app',
  scope: 'gpu',
  title: 'Memory stays allocated after sessions',
  meaning:
    'Sessions come and go, and after each the GPU holds more memory than before it. A restart hides it; without ' +
    'one, some later session does not fit.',
  detection:
    `Over at least ${LEAST_SESSIONS} sessions that ended (${LEAST_SESSIONS_BESIDE_OTHERS} where some are always ` +
    'under way), memory.usedBytes at the times with the fewest sessions ' +
    `rises: by ${LEAST_RISE_BYTES / MIB} MiB or more, in at least ${LEAST_RISING * 100} % of all pairs of readings, ` +
    'in the first third and in the last (median of the slopes of all pairs, Theil-Sen). Sessions are those of the ' +
    'encoder; on a GPU without them, processes. Needs the history of a monitor.',
  lookalikes: [
    'A cache that fills (shaders, a pool of textures) rises and levels off: the last third of it does not rise.',
    'Sessions that grow larger, while some are always under way.',
    'A fragmented pool of the service: its memory is held, and would be used again.',
  ],
  source:
    'Theil 1950, Sen 1968 (the slope); https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetMemoryInfo_v2)',
  find: (view) =>
    perDevice(view, (device, id, label) => {
      // Return early: on most machines too few sessions ever end, and this runs in every look.
      const past = view.history.at(-1)?.devices.find((one) => one.id === id);
      if (past === undefined || past.sessions.ended < LEAST_SESSIONS - 1) return null;
      const moments = historyOf(view, id);
      const held = heldAtRest(moments);
      const trend = held === null || !mayRise(held) ? null : trendOf(held.points);
      if (held === null || trend === null || !isLeak(held.points, trend)) return null;
      const [first, last] = [held.points[0] as Point, held.points.at(-1) as Point];
      const sessions = sessionsOf(held.points);
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
              `memory rises with the sessions, at the beginning and at the end (${signed(trend.ends[0])} and ` +
              `${signed(trend.ends[1])} MiB per session)`,
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

/** Returns this GPU's entries from all looks, including the current one. */
function historyOf(view: View, id: string): PastDevice[] {
  const now = historyEntryOf(view.facts, view.history.at(-1));
  return [...view.history, now].flatMap(({ devices }) => devices.find((device) => device.id === id) ?? []);
}

/** Between two lists it is not known which sessions are present. */
const isListed = ({ usedBytes, pids, encoderSessions }: PastDevice) =>
  usedBytes !== null && (pids !== null || encoderSessions !== null);

/** Returns, for each number of ended sessions, the least memory held with the fewest active sessions. */
function heldAtRest(all: readonly PastDevice[]): Held | null {
  const moments = all.filter(isListed);
  // A server's own process is not a session.
  const lasting = lastingOf(moments.map(({ sessions }) => sessions.ids));
  const groups = new Map<number, { under: number; bytes: number }>();
  for (const { sessions, usedBytes } of moments) {
    const [under, bytes] = [sessions.ids.length - lasting.length, usedBytes ?? 0];
    const known = groups.get(sessions.ended);
    const better =
      known === undefined || under < known.under || (under === known.under && bytes < known.bytes);
    if (better) groups.set(sessions.ended, { under, bytes });
  }
  const levels = new Map<number, Point[]>();
  for (const [x, { under, bytes: y }] of groups) levels.set(under, [...(levels.get(under) ?? []), { x, y }]);
  const best = [...levels].sort(([a, these], [b, those]) => those.length - these.length || a - b)[0];
  return best === undefined
    ? null
    : { under: best[0], points: sinceRestart(best[1].sort((a, b) => a.x - b.x)) };
}

/** Drops points from before a restart, because a restarted server frees what it had leaked. */
function sinceRestart(points: readonly Point[]): Point[] {
  const falls = points.findLastIndex(({ y }, i) => y <= (points[i - 1]?.y ?? 0) - LEAST_RISE_BYTES / 2);
  return points.slice(Math.max(falls, 0));
}

/** Returns the ids that are in every list. */
function lastingOf(lists: readonly (readonly number[])[]): number[] {
  const [first = [], ...others] = lists;
  return others.reduce<number[]>((left, ids) => left.filter((id) => ids.includes(id)), [...first]);
}

/** Returns false if there is no trend: few readings at rest, or an end no higher than the beginning. */
function mayRise({ points, under }: Held): boolean {
  const least = under === 0 ? LEAST_SESSIONS : LEAST_SESSIONS_BESIDE_OTHERS;
  if (points.length < LEAST_SESSIONS || sessionsOf(points) < least) return false;
  const third = Math.ceil(points.length / 3);
  const level = (part: readonly Point[]) => median(part.map(({ y }) => y));
  return level(points.slice(-third)) - level(points.slice(0, third)) >= LEAST_RISE_BYTES / 2;
}

const sessionsOf = (points: readonly Point[]) => (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0);

function isLeak(points: readonly Point[], { slope, rising, noise, ends }: Trend): boolean {
  const rise = slope * sessionsOf(points);
  return (
    rise >= LEAST_RISE_BYTES &&
    rising >= LEAST_RISING &&
    rise >= LEAST_OVER_NOISE * noise &&
    // mutation: leak-lasts
    ends.every((end) => end >= slope * LEAST_OF_SLOPE)
  );
}

/** Two ends that agree are better evidence than one slope. */
function confidenceOf({ slope, rising, ends }: Trend): Confidence {
  const even = ends.every((end) => end >= slope / 1.5 && end <= slope * 1.5);
  return rising >= 0.98 && even ? 'likely' : 'possible';
}

/** Returns long-lived processes that hold a good part of the excess memory, or a line that none does. */
function holders(moments: readonly PastDevice[], slope: number): string[] {
  const listed = moments.filter(({ pids }) => pids !== null);
  const grown = lastingOf(listed.map(({ pids }) => pids ?? [])).flatMap((pid) => {
    const points = listed.flatMap(({ sessions, pids, pidBytes }) => {
      const y = pidBytes?.[pids?.indexOf(pid) ?? -1];
      return y == null ? [] : [{ x: sessions.ended, y }];
    });
    const own = trendOf(points)?.slope ?? 0;
    return own >= slope / 4 ? [`of it, the process ${pid}: ${signed(own)} MiB per session`] : [];
  });
  const count = listed.at(-1)?.pids?.length ?? 0;
  return grown.length > 0 || count === 0
    ? grown
    : [
        `none of the ${count} processes listed grows with it: it is held by none, or by those that come and go`,
      ];
}

const mib = (bytes: number) => Math.round(bytes / MIB);
const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${mib(Math.abs(bytes))}`;
const percent = (share: number) => `${Math.floor(share * 100)} %`;
