// @ts-check
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} ProcessStat
 * @property {number} pid
 * @property {string} name at most 15 bytes
 * @property {string} state R, S, D, Z (a zombie) and so on
 * @property {number} parent
 * @property {number} session
 * @property {string} started clock ticks since boot: distinguishes processes that had the same pid
 */

/**
 * Reads /proc/PID/stat, for tests and benchmarks. Returns undefined if the process has gone.
 * @param {number} pid
 * @returns {ProcessStat | undefined}
 */
export function readStat(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name may contain spaces and parentheses; the fields after it do not.
  const [open, close] = [text.indexOf('('), text.lastIndexOf(')')];
  const fields = text.slice(close + 2).split(' ');
  return {
    pid,
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    started: fields[19] ?? '',
  };
}
