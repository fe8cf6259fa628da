import { describe, expect, it } from 'vitest';
import { History } from '../../lib/monitor/history.js';
import type { HistoryEntry } from '../../lib/verdict/history.js';
import { historyEntryOf } from '../../lib/verdict/history.js';
import { facts } from '../verdict/facts.js';

const [template] = historyEntryOf(facts()).devices;

/** A look at which so many sessions had ended, and so many were under way. */
function moment(at: number, ended: number, active: number, listed = true): HistoryEntry {
  const sessions = { of: 'encoder' as const, ids: Array.from({ length: active }, (_, i) => i), ended };
  const device = { ...(template as NonNullable<typeof template>), sessions, pids: listed ? [] : null };
  return {
    takenAt: String(at),
    deviceNodes: [],
    devices: [{ ...device, encoderSessions: null }],
    absent: [],
    xids: [],
  };
}
const times = (moments: History) => moments.all().map(({ takenAt }) => Number(takenAt));

describe('the history', () => {
  it('has all of the last looks', () => {
    const moments = new History(20);
    for (let at = 1; at <= 10; at++) moments.add(moment(at, 0, 0));
    expect(times(moments)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(moments.last()?.takenAt).toBe('10');
  });

  it('keeps of older ones that with the fewest sessions, for each number that had ended', () => {
    const moments = new History(20);
    const active = [0, 0, 1, 2, 1, 1];
    for (let at = 0; at < 60; at++) moments.add(moment(at, Math.floor(at / 6), active[at % 6] ?? 0));
    // 50 to 59 are the last ten; before them, of each six, the second.
    expect(times(moments)).toEqual([
      1,
      7,
      13,
      19,
      25,
      31,
      37,
      43,
      49,
      ...Array.from({ length: 10 }, (_, i) => 50 + i),
    ]);
  });

  it('keeps no older one at which nobody looked at the lists', () => {
    const moments = new History(20);
    for (let at = 0; at < 40; at++) moments.add(moment(at, Math.floor(at / 4), 0, at % 4 === 1));
    expect(times(moments).slice(0, -10)).toEqual([1, 5, 9, 13, 17, 21, 25, 29]);
  });

  it('is bounded, and still spans all the time', () => {
    const moments = new History(20);
    for (let at = 0; at < 10_000; at++) moments.add(moment(at, at, 0));
    expect(moments.all().length).toBeLessThanOrEqual(20);
    expect(times(moments)[0]).toBe(0);
    const gaps = times(moments).map((at, i, all) => at - (all[i - 1] ?? at));
    expect(Math.max(...gaps)).toBeLessThan(5200);
    expect(times(moments)).toEqual(times(moments).toSorted((a, b) => a - b));
  });
});
