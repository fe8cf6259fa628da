import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type ProcessStat, readStat } from './stat.mjs';

const listed = (): ProcessStat[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((facts) => facts !== undefined);

/** Returns all running processes, without zombies. */
const running = (): ProcessStat[] => listed().filter((facts) => facts.state !== 'Z' && facts.state !== 'X');

/** Returns the children of a process, including zombies. */
export const childrenOf = (parent: number): ProcessStat[] =>
  listed().filter((facts) => facts.parent === parent);

/** Returns the running processes of a warden's session. */
export const runningIn = (session: number): ProcessStat[] =>
  running().filter((facts) => facts.session === session);

/** Returns the pid of a service's warden once it has at least `children` children. */
export async function wardenOf(service: number, children: number): Promise<number> {
  let warden: number | undefined;
  await eventually(() => {
    warden = running().find((facts) => facts.parent === service && facts.name === 'gpuprobe-warden')?.pid;
    return warden !== undefined && runningIn(warden).length > children;
  });
  if (warden === undefined) throw new Error(`process ${service} started no warden`);
  return warden;
}

/**
 * Waits until the condition holds; returns false if it does not within ten seconds, a liveness limit only.
 */
export async function eventually(holds: () => boolean): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 20) {
    if (holds()) return true;
    await setTimeout(20);
  }
  return holds();
}

/** Returns the names of a process's threads; with `name`, only of those with that name. */
export const threadsOf = (pid: number, name?: string): string[] =>
  readdirSync(`/proc/${pid}/task`)
    .map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').trimEnd())
    .filter((found) => name === undefined || found === name);
