import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { GpuProbeError } from '../../lib/errors.js';
import { change, parseAssignments } from '../../lib/sim/scenario/change.js';
import { flatten, Generations } from '../../lib/sim/scenario/flatten.js';
import { Origin } from '../../lib/sim/scenario/origin.js';
import { statesOf } from '../../lib/sim/scenario/states.js';
import { loadScenario, type MachineChange, type Scenario } from '../../lib/sim/scenario.js';

const origin = new Origin('test');

/** `idle`, with more. */
function scenario(more: object): Scenario {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-states-'));
  const path = join(folder, 'scenario.json');
  writeFileSync(path, JSON.stringify({ description: 'A test.', extends: 'idle', ...more }));
  try {
    return loadScenario(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect((error as GpuProbeError).code).toBe('ERR_GPUPROBE_SCENARIO_INVALID');
    return (error as GpuProbeError).message;
  }
  throw new Error('was not refused');
}

const text = (
  of: Scenario,
  generations = new Generations(),
  overlay?: { change: MachineChange; atMs: number },
) => flatten(statesOf(of, origin, overlay), generations);

/** The lines from `state=AT` to the next state. */
function linesAt(flat: string, at: number): string[] {
  const lines = flat.split('\n');
  const start = at === 0 ? 0 : lines.indexOf(`state=${at}`);
  const end = lines.findIndex((line, index) => index > start && line.startsWith('state='));
  return lines.slice(start + 1, end < 0 ? undefined : end).filter(Boolean);
}

describe('a timeline', () => {
  it('is states: each says what changed, and lists as a whole', () => {
    const flat = text(
      scenario({
        timeline: [
          { at: 10, set: { devices: [{}, { temperatureCelsius: 80, encoder: null }] } },
          { at: 20, says: 'only words' },
          { at: 30.5, set: { access: 'revoked', devices: [{ processes: [] }, { temperatureCelsius: 80 }] } },
        ],
      }),
    );
    expect(linesAt(flat, 10_000)).toEqual(['devices.1.temperatureCelsius=80', 'devices.1.encoder=null']);
    expect(flat).not.toContain('state=20000');
    expect(linesAt(flat, 30_500)).toEqual(['access=revoked']);
  });

  it('may be written in times of day', () => {
    const timeline = [{ at: '00:00:10', set: { readings: 'zero' } }];
    const [, state] = statesOf(scenario({ startsAt: '23:59:50', timeline }), origin);
    expect(state).toMatchObject({ atMs: 20_000, state: { readings: 'zero' } });
  });

  it('remembers since when readings are frozen', () => {
    const timeline = [
      { at: 5, set: { readings: 'frozen' } },
      { at: 9, set: { devices: [{ temperatureCelsius: 90 }] } },
      { at: 12, set: { readings: 'real' } },
    ];
    const flat = text(scenario({ timeline }));
    expect(linesAt(flat, 5000)).toEqual(['readings=frozen', 'readingsFrozenAtMs=5000']);
    expect(linesAt(flat, 9000)).toContain('readingsFrozenAtMs=5000');
    expect(linesAt(flat, 12_000)).toEqual(['readings=real']);
  });

  it.each([
    [{ timeline: [{ at: 1 }] }, /timeline\[0\]: needs "says" or "set"/],
    [{ timeline: [{ at: 0, says: 'x' }] }, /timeline\[0\]\.at: must be later/],
    [
      {
        timeline: [
          { at: 2, says: 'x' },
          { at: 2, says: 'y' },
        ],
      },
      /timeline\[1\]\.at: must be later/,
    ],
    [{ timeline: [{ at: '12:00:00', says: 'x' }] }, /timeline\[0\]\.at: a time of day needs "startsAt"/],
    [
      { timeline: [{ at: 1, set: { devices: [{}, {}, {}] } }] },
      /timeline\[0\]\.set\.devices: there are 2 devices/,
    ],
    [
      { timeline: [{ at: 1, set: { devices: [{ memory: { usedBytes: 2 ** 40 } }] } }] },
      /timeline\[0\]\.set\.devices\[0\]\.memory: usedBytes and reservedBytes/,
    ],
    [
      { timeline: [{ at: 1, set: { faults: [{ function: 'cuInit', missing: true }] } }] },
      /timeline\[0\]\.set\.faults\[0\]\.missing: cannot change/,
    ],
    [{ timeline: [{ at: 1, set: { description: 'x' } }] }, /set\.description: unknown field/],
  ])('is refused: %j', (more, message) => {
    expect(refusal(() => scenario(more))).toMatch(message);
  });

  it('may strike a function that only a process which had the driver open reaches', () => {
    const faults = [{ function: 'cuCtxCreate_v2', return: 2 }];
    expect(() => scenario({ timeline: [{ at: 1, set: { access: 'revoked', faults } }] })).not.toThrow();
    expect(refusal(() => scenario({ access: 'revoked', faults }))).toMatch(/no process gets as far/);
  });
});

describe('a change while programs run', () => {
  it('holds over what the timeline says', () => {
    const running = scenario({ timeline: [{ at: 10, set: { access: 'revoked', readings: 'zero' } }] });
    const overlay = { change: { access: 'granted' } as const, atMs: 12_000 };
    const [first, second] = statesOf(running, origin, overlay);
    expect(first?.state.access).toBe('granted');
    expect(second?.state).toMatchObject({ access: 'granted', readings: 'zero' });
  });

  it('counts the calls of a fault anew only where that fault changed', () => {
    const faults = [
      { function: 'cuInit', delayMs: 1 },
      { function: 'cuCtxCreate_v2', return: 2 },
    ];
    const running = scenario({ faults });
    const generations = new Generations();
    const before = statesOf(running, origin);
    expect(flatten(before, generations)).toMatch(/faults\.0\.generation=1\n[\s\S]*faults\.1\.generation=2\n/);
    const [kept] = faults;
    const overlay = {
      change: { faults: [kept, { function: 'cuCtxCreate_v2', return: 3 }] } as MachineChange,
      atMs: 1,
    };
    const next = new Generations(generations.after(before));
    expect(text(running, next, overlay)).toMatch(/faults\.0\.generation=1\n[\s\S]*faults\.1\.generation=3\n/);
  });

  it('is read from FIELD=VALUE words', () => {
    const words = [
      'devices.1.lost=true',
      'access=revoked',
      'devices[0].memory.usedBytes=7',
      'devices.0.serial=null',
    ];
    const wanted = parseAssignments([...words, 'faults=[{"function":"cuInit","hang":true}]']);
    expect(change(wanted, origin)).toEqual({
      devices: [{ memory: { usedBytes: 7 }, serial: null }, { lost: true }],
      access: 'revoked',
      faults: [{ function: 'cuInit', hang: true }],
    });
  });

  it.each([
    ['access', /"access" is not FIELD=VALUE/],
    ['=x', /"=x" is not FIELD=VALUE/],
    ['acess=revoked', /acess: no such field; there are: driver, access/],
    ['devices.0.memory.used=1', /devices\.0\.memory\.used: no such field; there are: totalBytes, usedBytes/],
    ['devices.x.lost=true', /devices: needs a position/],
    ['faults.0.return=3', /faults: is a list, which is set as a whole: 'faults=\[…\]'/],
    ['devices.0.name.x=1', /devices\.0\.name\.x: no such field/],
    ['__proto__.x=1', /__proto__: no such field/],
    ['access=denied', /access: must be "granted"/],
    ['devices.99.lost=true', /devices/],
    ['description=x', /description: no such field/],
  ])('%s is refused', (word, message) => {
    const said = refusal(() => {
      const wanted = change(parseAssignments([word]), origin);
      statesOf(scenario({}), origin, { change: wanted, atMs: 0 });
    });
    expect(said).toMatch(message);
  });
});
