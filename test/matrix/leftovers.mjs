// What a service and its warden hold: everything that a fault could leave behind.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { readStat } from '../support/stat.mjs';

const LIVENESS_MS = 10_000;
const LOOK_EVERY_MS = 5;

/** The warden's children that stay. */
export const STAYING = new Set(['gpuprobe-nvml', 'gpuprobe-warm']);

/** Children of a process, zombies included. Only where no thread of it forks but one, as in the warden. */
export const childrenOf = (pid) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map((child) => readStat(Number(child)))
    .filter((child) => child !== undefined);

/** Node opens and closes files of its own as it likes; what gpuprobe has open are these kinds. */
const OURS = /^(socket:|\/memfd:|anon_inode:\[(eventfd|signalfd|pidfd)\]|.*gpuprobe)/;

const descriptorsOf = (pid) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return OURS.test(readlinkSync(`/proc/${pid}/fd/${fd}`)) ? [fd] : [];
    } catch {
      return []; // the listing's own
    }
  }).length;

/** What this service has open of gpuprobe's. */
export const ownDescriptors = () => descriptorsOf(process.pid);

/** @param warden its pid; 0: thread mode */
function holdings(warden) {
  const children = warden === 0 ? [] : childrenOf(warden);
  return {
    serviceDescriptors: descriptorsOf(process.pid),
    serviceThreads: readdirSync('/proc/self/task').length,
    wardenDescriptors: warden === 0 ? 0 : readdirSync(`/proc/${warden}/fd`).length,
    children: children.map(({ name, state }) => `${name}${state === 'Z' ? ' (zombie)' : ''}`).sort(),
  };
}

/** What a service holds that has nothing to do: its processes for one question have ended. */
export async function atRest(warden) {
  for (;;) {
    const held = holdings(warden);
    if (held.children.every((name) => STAYING.has(name))) return held;
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** Waits until what is held is what was held, as far as `resting` has it; else what differs, as lines. What is killed takes a moment to go. */
export async function leftBehind(resting, warden) {
  const until = performance.now() + LIVENESS_MS;
  for (;;) {
    const now = holdings(warden);
    const different = Object.keys(resting).filter(
      (key) => JSON.stringify(now[key]) !== JSON.stringify(resting[key]),
    );
    if (different.length === 0) return [];
    if (performance.now() > until) {
      return different.map(
        (key) => `left behind: ${key} ${JSON.stringify(now[key])}, at rest ${JSON.stringify(resting[key])}`,
      );
    }
    await setTimeout(LOOK_EVERY_MS);
  }
}
