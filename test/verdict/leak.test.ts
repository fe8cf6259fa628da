import { describe, expect, it } from 'vitest';
import { History } from '../../lib/monitor/history.js';
import type { EncoderSession, Facts, Finding, GpuProcess } from '../../lib/probe/report.js';
import { historyEntryOf } from '../../lib/verdict/history.js';
import { type JudgeContext, judge } from '../../lib/verdict/judge.js';
import { memoryLeak } from '../../lib/verdict/rules/leak.js';
import { createView } from '../../lib/verdict/view.js';
import { device, facts } from './facts.js';

/** The trend of memory over generated days: no clock, no driver. */

const MIB = 2 ** 20;

/** mulberry32: the same seed, the same day. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const session = (sessionId: number): EncoderSession => ({
  sessionId,
  pid: 1000 + sessionId,
  codec: 'hevc',
  width: 1920,
  height: 1080,
  averageFps: 60,
  averageLatencyUs: 2000,
});
const process = (pid: number, mib: number, name = '/usr/bin/session'): GpuProcess => ({
  pid,
  kind: 'compute',
  usedBytes: mib * MIB,
  name,
});

interface Look {
  usedMib: number;
  sessions?: number[];
  processes?: GpuProcess[];
  /** Its lists are of an earlier look. */
  unlisted?: boolean;
}

/** The finding as a report has it. */
const judged = (now: Facts, context: JudgeContext): Finding | undefined =>
  judge(now, context).findings.find(({ id }) => id === 'memory-leak');

/** The rule alone: whether it hits, without all the others. */
const hit: typeof judged = (now, context) =>
  memoryLeak.find(createView(now, context))[0] as Finding | undefined;

/** A monitor's history, look by look. */
class Day {
  readonly moments = new History(512);
  readonly #rule: typeof judged;
  #second = 0;

  constructor(rule = judged) {
    this.#rule = rule;
  }

  /** What is found now. */
  look(look: Look): Finding | undefined {
    const now = this.#facts(look);
    const found = this.#rule(now, { history: this.moments.all() });
    this.moments.add(historyEntryOf(now, this.moments.last()));
    return found;
  }

  /** The same without asking. */
  pass(look: Look): undefined {
    this.moments.add(historyEntryOf(this.#facts(look), this.moments.last()));
  }

  /** A look at which NVML names no GPU. */
  dark(): void {
    this.moments.add(historyEntryOf({ ...this.#facts({ usedMib: 0 }), devices: [] }, this.moments.last()));
  }

  #facts({ usedMib, sessions = [], processes = [], unlisted = false }: Look): Facts {
    this.#second += 10;
    const at = new Date(Date.UTC(2026, 2, 1) + this.#second * 1000).toISOString();
    const gpu = device({ processes });
    gpu.memory = { ...gpu.memory, usedBytes: usedMib * MIB, freeBytes: 16 * 2 ** 30 - usedMib * MIB };
    gpu.encoder = { ...gpu.encoder, sessionCount: sessions.length, sessions: sessions.map(session) };
    const parts = { nodes: at, telemetry: at, lists: unlisted ? 'earlier' : at, canary: at };
    return facts({ takenAt: at, parts, devices: [gpu] });
  }
}

/** Sessions that come and go, one after the other; what stays after each is up to `held`. */
function churn(cycles: number, held: (cycle: number) => number, unlisted = false): Finding | undefined {
  const day = new Day();
  let finding: Finding | undefined;
  for (let cycle = 0; cycle <= cycles; cycle++) {
    for (let i = 0; i < 3; i++) finding = day.look({ usedMib: held(cycle) }) ?? finding;
    if (cycle === cycles) break;
    for (let i = 0; i < 3; i++) {
      finding =
        day.look({ usedMib: held(cycle) + 380, sessions: [cycle], unlisted: unlisted && i > 0 }) ?? finding;
    }
  }
  return finding;
}

const slopeIn = (finding: Finding | undefined) =>
  Number(/([+-]\d+) MiB per session over/.exec(finding?.observed.join('\n') ?? '')?.[1]);

describe('memory-leak', () => {
  it('is found once eight sessions have ended, and not before', () => {
    expect(churn(7, (cycle) => 900 + 212 * cycle)).toBeUndefined();
    const finding = churn(8, (cycle) => 900 + 212 * cycle);
    expect(finding).toMatchObject({ severity: 'warning', inferred: [{ confidence: 'likely' }] });
    expect(finding?.summary).toBe('GPU 0 holds 212 MiB more after each session, over 8 sessions.');
    expect(finding?.observed.slice(0, 2)).toEqual([
      'sessions 0, 2596 MiB held',
      '+212 MiB per session over 8 sessions (100 % of all pairs of readings rise, scatter 0 MiB)',
    ]);
    expect(finding?.remedy[0]).toMatch(/lasts for \d+ more sessions/);
  });

  it('has the slope within a tenth, through noise and looks that missed the lists', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomOf(seed);
      const finding = churn(8, (cycle) => 900 + 212 * cycle + (random() - 0.5) * 60, true);
      expect(Math.abs(slopeIn(finding) - 212), `seed ${seed}`).toBeLessThan(21.2);
    }
  });

  it('is found where some sessions are always under way, over a long day, in bounded memory', () => {
    const day = new Day(hit);
    let finding: Finding | undefined;
    for (let i = 0; i < 1500; i++) {
      const sessions = i % 2 === 0 ? [i, i + 1, i + 2] : [i + 1, i + 2];
      const look = { usedMib: 4000 + i + sessions.length * 300, sessions };
      finding = (i % 50 === 0 ? day.look(look) : day.pass(look)) ?? finding;
    }
    expect(day.moments.all().length).toBeLessThanOrEqual(512);
    expect(finding?.observed[0]).toMatch(/^sessions [23], /);
    expect(slopeIn(finding)).toBeGreaterThanOrEqual(1);
  });

  it('counts on when NVML was dark for a while', () => {
    const day = new Day();
    let finding: Finding | undefined;
    for (let cycle = 0; cycle <= 9; cycle++) {
      finding = day.look({ usedMib: 900 + 212 * cycle }) ?? finding;
      day.dark();
      day.look({ usedMib: 1280 + 212 * cycle, sessions: [cycle] });
    }
    expect(slopeIn(finding)).toBe(212);
    expect(finding?.summary).toContain('over 9 sessions');
  });

  it('is found again after a restart, which hides it', () => {
    expect(slopeIn(churn(20, (cycle) => 900 + 212 * (cycle % 11)))).toBe(212);
    expect(churn(18, (cycle) => (cycle < 11 ? 900 + 20 * cycle : 500 + 212 * (cycle - 11)))).toBeUndefined();
  });

  it('counts processes where the GPU has no encoder sessions, and names the one that grows', () => {
    const day = new Day();
    let finding: Finding | undefined;
    for (let i = 0; i < 40; i++) {
      const server = process(41, 500 + 30 * Math.floor(i / 2), '/usr/bin/server');
      const worker = i % 2 === 0 ? [process(5000 + i, 200)] : [];
      const usedMib = 900 + 30 * Math.floor(i / 2) + worker.length * 200;
      finding = day.look({ usedMib, processes: [server, ...worker] }) ?? finding;
    }
    expect(finding?.observed).toContain('of it, the process 41: +30 MiB per session');
  });

  it('says where no process holds what is lost', () => {
    const day = new Day();
    let finding: Finding | undefined;
    for (let i = 0; i < 40; i++) {
      const worker = i % 2 === 0 ? [process(5000 + i, 200)] : [];
      const usedMib = 900 + 30 * Math.floor(i / 2) + worker.length * 200;
      finding = day.look({ usedMib, processes: [process(41, 500), ...worker] }) ?? finding;
    }
    expect(finding?.observed.at(-1)).toMatch(/^none of the \d processes listed grows with it/);
  });

  it("does not take gpuprobe's own contexts for sessions", () => {
    const day = new Day();
    for (let i = 0; i < 60; i++) {
      const own = i % 2 === 0 ? [process(9000 + i, 120, '/opt/app/gpuprobe-warden')] : [];
      expect(day.look({ usedMib: 900 + 10 * i, processes: [process(41, 500), ...own] })).toBeUndefined();
    }
  });

  it.each<[string, (cycle: number) => number]>([
    ['a cache that fills and levels off', (cycle) => 900 + 300 * Math.min(cycle, 5)],
    ['one step up', (cycle) => (cycle < 12 ? 900 : 2400)],
    ['memory that falls', (cycle) => 5000 - 50 * cycle],
    ['less than drivers hold on to', (cycle) => 900 + 3 * cycle],
  ])('is not found: %s', (_, held) => {
    expect(churn(30, held)).toBeUndefined();
  });

  it('is not found in a thousand days of healthy sessions with noise', () => {
    const found: number[] = [];
    for (let seed = 1; seed <= 1000; seed++) {
      const random = randomOf(seed);
      const day = new Day(hit);
      const base = 500 + random() * 8000;
      const noise = 5 + random() * 150;
      let cache = 0;
      let next = 0;
      let sessions: { id: number; mib: number; until: number }[] = [];
      for (let i = 0; i < 160; i++) {
        sessions = sessions.filter(({ until }) => until > i);
        if (random() < 0.35 && sessions.length < 6) {
          sessions.push({ id: next++, mib: 200 + random() * 400, until: i + 2 + Math.floor(random() * 12) });
        }
        // What a driver and a service hold on to wanders about within bounds.
        cache = Math.max(0, Math.min(300, cache + (random() - 0.5) * 80));
        const usedMib =
          base + cache + (random() - 0.5) * noise + sessions.reduce((sum, { mib }) => sum + mib, 0);
        const look = { usedMib, sessions: sessions.map(({ id }) => id), unlisted: i % 3 === 1 };
        const finding = i % 10 === 9 ? day.look(look) : day.pass(look);
        if (finding !== undefined) found.push(seed);
      }
    }
    expect([...new Set(found)]).toEqual([]);
  });
});
