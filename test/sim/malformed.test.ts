import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GpuProbeError } from '../../lib/errors.js';
import { listScenarios, loadScenario, scenarioSchema } from '../../lib/sim/scenario.js';

/** Every kind of value and group that a scenario may have, as one file that loads. */
const WHOLE = {
  description: 'Everything.',
  driver: { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12020 },
  access: 'granted',
  readings: 'real',
  exit: 'clean',
  startsAt: '12:00:00',
  devices: [
    {
      preset: 'l4',
      uuid: 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01',
      pciBusId: '00000000:01:00.0',
      minor: 0,
      memory: { usedBytes: 1024 },
      serial: null,
      migMode: null,
      ecc: { enabled: true, volatile: { corrected: 3 } },
      lost: false,
      encoder: {
        averageFps: 60,
        sessions: [
          {
            sessionId: 1,
            pid: 5,
            codec: 1,
            width: 64,
            height: 64,
            averageFps: 60,
            averageLatencyUs: 9,
          },
        ],
      },
      processes: [
        {
          pid: 5,
          kind: 'compute',
          usedBytes: null,
          name: 'a',
          fromSecond: 1.5,
          toSecond: 3,
          everySeconds: 4,
        },
      ],
    },
  ],
  faults: [
    {
      function: 'cuCtxCreate_v2',
      device: 0,
      return: 800,
      fromCall: 2,
      calls: 3,
      fromSecond: 1,
      toSecond: 2,
      probability: 0.5,
      seed: 7,
    },
  ],
  timeline: [
    { at: '12:00:10', says: 'something' },
    { at: 20, set: { access: 'revoked', devices: [{ memory: { usedBytes: 2048 } }] } },
  ],
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-malformed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string): GpuProbeError | null {
  const path = join(folder, 'scenario.json');
  writeFileSync(path, text);
  try {
    loadScenario(path);
    return null;
  } catch (error) {
    if (error instanceof GpuProbeError) return error;
    throw error;
  }
}

/** The same pseudo-random numbers each time (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Path = (string | number)[];

/** The paths of all values below one. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) =>
    pathsOf(one, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

const written = (path: Path) =>
  path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');

/** A copy with something else at a path. */
function replaced(path: Path, value: unknown): unknown {
  const copy = structuredClone(WHOLE) as unknown;
  let holder = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) holder = holder[part] as typeof holder;
  holder[path.at(-1) as string] = value;
  return copy;
}

/** Nothing in a scenario may be any of these. */
const WRONG = [-7.25, 'a\nb', [[1]], { nonsense: 1 }];
const LINE = /^.*scenario\.json:(\d+):(\d+): (.+)$/s;

describe('a malformed scenario', () => {
  it('is malformed: whole, it loads', () => {
    expect(load(JSON.stringify(WHOLE))).toBeNull();
  });

  it('with a wrong value anywhere gives file, line, column, field and what was expected', () => {
    const paths = pathsOf(WHOLE);
    const cases = paths.flatMap((path) => WRONG.map((value) => ({ path, value })));
    expect(cases.length).toBeGreaterThan(200);
    for (const { path, value } of cases) {
      const text = JSON.stringify(replaced(path, value), null, 2);
      const error = load(text);
      const label = `${written(path)} = ${JSON.stringify(value)}`;
      expect(error?.code, label).toBe('ERR_GPUPROBE_SCENARIO_INVALID');
      const [, line, , said = ''] = LINE.exec(error?.message ?? '') ?? [];
      expect(said.startsWith(written(path)), `${label}: ${error?.message}`).toBe(true);
      expect(said, label).toMatch(/must|unknown field; allowed here|is missing/);
      // The line holds the field, or the value of a list.
      const name = path.findLast((part) => typeof part === 'string');
      const around = text
        .split('\n')
        .slice(Math.max(0, Number(line) - 3), Number(line) + 1)
        .join('\n');
      expect(around, label).toContain(typeof path.at(-1) === 'string' ? `"${name}"` : '');
    }
  });

  it('cut short, or with a byte changed, is refused or still a scenario, and never anything else', () => {
    const text = JSON.stringify(WHOLE, null, 1);
    const next = random(20251105);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const at = Math.floor(next() * text.length);
      const byte = String.fromCharCode(32 + Math.floor(next() * 95));
      const broken = round % 2 === 0 ? text.slice(0, at) : text.slice(0, at) + byte + text.slice(at + 1);
      const error = load(broken);
      if (error === null) continue;
      refused++;
      expect(error.code).toBe('ERR_GPUPROBE_SCENARIO_INVALID');
      expect(error.message).toMatch(LINE);
    }
    expect(refused).toBeGreaterThan(150);
  });

  it.each([
    ['{ "description": "a" "driver": null }', /:1:22: is not JSON: expected "," or "}"/],
    ['{\n  "description": "a",\n}', /:3:1: is not JSON: expected a field name in double quotes/],
    ['{ "description": \'a\' }', /:1:18: is not JSON: expected a value/],
    ['{ "description": "a" } x', /:1:24: is not JSON: expected the end of the file/],
    [
      '{ "description": "a", "description": "b" }',
      /:1:23: is not JSON: the field "description" stands here twice/,
    ],
    [`${'['.repeat(200)}`, /:1:102: is not JSON: nested too deeply/],
    ['', /:1:1: is not JSON: expected a value/],
    ['{ "description": "tab\there" }', /:1:18: is not JSON: expected a text in double quotes/],
  ])('%j: says where and what', (text, message) => {
    expect(load(text)?.message).toMatch(message);
  });
});

describe('the JSON Schema of scenarios', () => {
  const validate = new Ajv({ allErrors: false, strict: true, allowUnionTypes: true }).compile(
    scenarioSchema(),
  );

  it('accepts what loads', () => {
    expect(validate(WHOLE), JSON.stringify(validate.errors)).toBe(true);
    expect(listScenarios().length).toBeGreaterThan(20);
  });

  it('refuses a wrong value anywhere, as loading does', () => {
    for (const path of pathsOf(WHOLE)) {
      for (const value of [-7.25, [[1]], { nonsense: 1 }]) {
        expect(validate(replaced(path, value)), `${written(path)} = ${JSON.stringify(value)}`).toBe(false);
      }
    }
  });
});
