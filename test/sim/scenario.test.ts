import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GpuProbeError } from '../../lib/errors.js';
import { flatten, Generations } from '../../lib/sim/scenario/flatten.js';
import { Origin } from '../../lib/sim/scenario/origin.js';
import { statesOf } from '../../lib/sim/scenario/states.js';
import { listScenarios, loadScenario } from '../../lib/sim/scenario.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-scenario-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a scenario file; returns its path. */
function file(content: unknown, name = 'scenario.json'): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What loading this scenario, on top of `healthy`, is refused with. */
function refusal(overrides: object, code = 'ERR_GPUPROBE_SCENARIO_INVALID'): string {
  const path = file({ description: 'A test.', extends: 'healthy', ...overrides });
  return refusalOf(path, code);
}

function refusalOf(nameOrPath: string, code: string): string {
  try {
    loadScenario(nameOrPath);
  } catch (error) {
    expect(error).toBeInstanceOf(GpuProbeError);
    expect((error as GpuProbeError).code).toBe(code);
    return (error as GpuProbeError).message;
  }
  throw new Error('was not refused');
}

/** What the simulated driver reads. */
const textOf = (nameOrPath: string) =>
  flatten(statesOf(loadScenario(nameOrPath), new Origin('test')), new Generations());

describe('built-in scenarios', () => {
  it('are the ones the product names, each with a sentence', () => {
    const names = listScenarios().map(({ name }) => name);
    expect(names).toEqual([
      'access-revoked',
      'all-zeros',
      'busy-8gpu',
      'crash-cuda-context',
      'cuda-not-permitted',
      'cuda-out-of-memory',
      'driver-mismatch',
      'exit-deadlock',
      'frozen',
      'garbage',
      'gpu-lost',
      'hang-cuda-context',
      'hang-nvml-init',
      'hang-nvml-read',
      'healthy',
      'idle',
      'leak',
      'no-driver',
      'nvml-unknown-error',
      'old-driver',
      'wolf-2025-10-02',
      'wolf-2025-11-05',
    ]);
    for (const { description } of listScenarios()) expect(description).toMatch(/^[A-Z].*\.$/);
  });

  it.each(listScenarios().map(({ name }) => name))('%s flattens to well-formed lines', (name) => {
    const text = textOf(name);
    expect(text.startsWith('format=2\n')).toBe(true);
    expect(text.endsWith('\n')).toBe(true);
    for (const line of text.slice(0, -1).split('\n')) {
      expect(line).toMatch(/^[a-zA-Z0-9.]+=[^\p{Cc}]+$/u);
    }
  });
});

describe('flat text', () => {
  it('has one line per value, lists in order', () => {
    const text = textOf('healthy');
    expect(text).toContain('\ndriver.version=535.261.03\n');
    expect(text).toContain('\ndevices.0.memory.totalBytes=17175674880\n');
    expect(text).toContain('\ndevices.0.migMode=null\n');
    expect(text).toContain('\ndevices.1.processes.0.name=python3\n');
    expect(text.indexOf('devices.0.')).toBeLessThan(text.indexOf('devices.1.'));
    expect(text).not.toContain('description');
  });

  it('says null for what is absent', () => {
    expect(textOf('no-driver')).toContain('\ndriver=null\n');
    const path = file({ description: 'A test.', extends: 'healthy', devices: [{ encoder: null }] });
    expect(textOf(path)).toContain('\ndevices.0.encoder=null\n');
  });

  it('carries faults', () => {
    expect(textOf('cuda-not-permitted')).toContain(
      'faults=1\nfaults.0.function=cuCtxCreate_v2\nfaults.0.generation=1\nfaults.0.effect=return\nfaults.0.code=800\n',
    );
    expect(textOf('hang-nvml-init')).toContain('faults.0.effect=hang\n');
  });
});

describe('extends', () => {
  it('merges objects, and devices by position; replaces lists and scalars', () => {
    const path = file({
      description: 'A test.',
      extends: 'healthy',
      devices: [{}, { lost: true, memory: { usedBytes: 7 }, processes: [] }],
    });
    const scenario = loadScenario(path);
    const healthy = loadScenario('healthy');
    expect(scenario.devices[0]).toEqual(healthy.devices[0]);
    expect(scenario.devices[1]).toEqual({
      ...healthy.devices[1],
      lost: true,
      memory: { ...healthy.devices[1]?.memory, usedBytes: 7 },
      processes: [],
    });
  });

  it('follows a chain of files, relative to each', () => {
    file({ description: 'The base.', extends: 'gpu-lost', readings: 'zero' }, 'base.json');
    const path = file({ description: 'On top.', extends: './base.json', access: 'revoked' });
    expect(loadScenario(path)).toMatchObject({
      description: 'On top.',
      readings: 'zero',
      access: 'revoked',
      devices: [{}, { lost: true }],
    });
  });

  it('is refused when it goes round in a circle', () => {
    file({ description: 'One.', extends: './two.json' }, 'one.json');
    file({ description: 'Two.', extends: './one.json' }, 'two.json');
    const message = refusalOf(join(folder, 'one.json'), 'ERR_GPUPROBE_SCENARIO_INVALID');
    expect(message).toMatch(/two\.json:1:\d+: extends: goes round in a circle/);
  });
});

describe('what a file leaves out', () => {
  it('is a working driver, a description, and what the model does not have', () => {
    const scenario = loadScenario(file({ devices: [{ preset: 'rtx-3080', processes: [{ pid: 7 }] }] }));
    expect(scenario.description).toBe('A simulated machine.');
    expect(scenario.driver).toEqual(loadScenario('healthy').driver);
    expect(scenario.devices[0]).toMatchObject({ serial: null, ecc: null, remappedRows: null });
    expect(scenario.devices[0]?.processes).toEqual([
      { pid: 7, kind: 'compute', usedBytes: null, name: 'app' },
    ]);
  });

  it('stays as it is in a change, but for the elements of its lists', () => {
    const set = { devices: [{ processes: [{ pid: 7 }] }] };
    const scenario = loadScenario(file({ extends: 'healthy', timeline: [{ at: 1, set }] }));
    expect(scenario.timeline?.[0]?.set).toEqual({
      devices: [{ processes: [{ pid: 7, kind: 'compute', usedBytes: null, name: 'app' }] }],
    });
  });
});

describe('refusals', () => {
  it('name everything that is wrong, in the order of the file', () => {
    const text = [
      '{',
      '  "acess": "revoked",',
      '  "devices": [',
      '    { "preset": "l5", "lost": "yes" },',
      '    { "preset": "l4", "processes": [{ "pid": -1 }, { "name": "b" }] }',
      '  ],',
      '  "timeline": [{ "at": 5, "set": { "exit": 1 } }]',
      '}',
    ].join('\n');
    const lines = refusalOf(file(text), 'ERR_GPUPROBE_SCENARIO_INVALID').split('\n');
    const found = lines.map((line) => /scenario\.json:(\d+):\d+: ([^:]+): /.exec(line)?.slice(1).join(' '));
    expect(found).toEqual([
      '2 acess',
      '4 devices[0].preset',
      '4 devices[0].lost',
      '5 devices[1].processes[0].pid',
      '5 devices[1].processes[1].pid',
      '7 timeline[0].set.exit',
    ]);
  });

  it('name all that does not go together', () => {
    const message = refusal({
      devices: [{ minor: 1 }, { minor: 1, contextBytes: 2 ** 50 }],
      faults: [{ function: 'cuInit' }, { function: 'cuInit', return: 0 }],
    });
    expect(message.split('\n').map((line) => /: ([^ :]+): /.exec(line)?.[1])).toEqual([
      'devices[1].minor',
      'devices[1].contextBytes',
      'faults[0]',
      'faults[1].return',
    ]);
  });

  it('name the known scenarios for an unknown one', () => {
    for (const name of ['helthy', '..', '', 'healthy\0']) {
      expect(refusalOf(name, 'ERR_GPUPROBE_SCENARIO_UNKNOWN')).toContain(
        'hang-nvml-init, hang-nvml-read, healthy, idle',
      );
    }
    expect(refusal({ extends: 'helthy' }, 'ERR_GPUPROBE_SCENARIO_UNKNOWN')).toContain('healthy');
    const missing = refusalOf(join(folder, 'none.json'), 'ERR_GPUPROBE_SCENARIO_UNKNOWN');
    expect(missing).toContain('none.json');
  });

  it('name a file that is not a scenario', () => {
    const code = 'ERR_GPUPROBE_SCENARIO_INVALID';
    expect(refusalOf(`${folder}/`, code)).toMatch(/cannot be read/);
    expect(refusalOf(file('{ "description": '), code)).toMatch(
      /scenario\.json:1:18: is not JSON: expected a value/,
    );
    expect(refusalOf(file('[]'), code)).toMatch(/scenario\.json:1:1: must be an object/);
    expect(refusalOf(file({ description: 'Bare.' }), code)).toMatch(/devices: is missing/);
  });

  const fault = (more: object) => ({ faults: [{ function: 'cuCtxCreate_v2', ...more }] });
  it.each([
    ['an unknown field', { devises: [] }, /devises: unknown field; allowed here: .*devices/],
    ['__proto__', JSON.parse('{"__proto__": {}}'), /__proto__: unknown field/],
    ['an unknown field of a device', { devices: [{}, { Lost: true }] }, /devices\[1\]\.Lost: unknown/],
    ['a wrong type', { devices: [{}, { uuid: 7 }] }, /devices\[1\]\.uuid: must be a text/],
    ['a wrong format', { devices: [{ uuid: 'GPU-5' }] }, /devices\[0\]\.uuid: must look like "GPU-5a1c/],
    ['a number out of range', { devices: [{ minor: 255 }] }, /minor: must be a whole number from 0 to 254/],
    ['a fraction', { devices: [{ temperatureCelsius: 1.5 }] }, /temperatureCelsius: must be a whole/],
    ['a null', { devices: [{ name: null }] }, /devices\[0\]\.name: must be a text/],
    ['a wrong value where null is allowed', { driver: 7 }, /driver: must be an object, or null/],
    ['a wrong choice', { access: 'denied' }, /access: must be "granted" or "revoked" or/],
    ['control characters', { devices: [{ name: 'a\nreadings=zero' }] }, /name: must not contain control/],
    ['a long name', { devices: [{ name: 'ä'.repeat(48) }] }, /name: must be at most 95 bytes/],
    ['too many devices', { devices: Array(65).fill({}) }, /devices: must have at most 64 elements/],
    ['too many faults', { faults: Array(257).fill({}) }, /faults: must have at most 256 elements/],
    [
      'half a process',
      { devices: [{ processes: [{ kind: 'compute' }] }] },
      /processes\[0\]\.pid: is missing/,
    ],
    ['half a new device', { devices: [{}, {}, { minor: 2 }] }, /devices\[2\]\.name: is missing/],
    ['too much memory', { devices: [{ memory: { usedBytes: 17175674880 } }] }, /devices\[0\]\.memory: used/],
    ['twice the same minor', { devices: [{}, { minor: 0 }] }, /devices\[1\]\.minor: must differ/],
    [
      'an unknown function',
      { faults: [{ function: 'nvmlInit', hang: true }] },
      /function: must be a function of the simulated libraries, such as nvmlInitWithFlags, nvmlInit_v2/,
    ],
    ['a fault without effect', fault({}), /faults\[0\]: needs one of "return"/],
    ['a fault with two', fault({ return: 1, hang: true }), /faults\[0\]: cannot have both/],
    ['a fault that is none', fault({ return: 0 }), /faults\[0\]\.return: must not be 0/],
    ['a fault on no device', fault({ hang: true, device: 2 }), /faults\[0\]\.device: must be the index/],
    [
      'a device for a function without one',
      { faults: [{ function: 'cuInit', hang: true, device: 0 }] },
      /faults\[0\]\.device: cuInit takes no device/,
    ],
    [
      'a code where the first open fails',
      { access: 'revoked', ...fault({ return: 800 }) },
      /faults\[0\]\.function: no process gets as far as cuCtxCreate_v2 while "access" is "revoked"/,
    ],
    [
      'a code of the first open itself',
      { access: 'revoked', faults: [{ function: 'cuInit', return: 800 }] },
      /faults\[0\]\.return: what cuInit answers follows from "access" is "revoked"/,
    ],
    [
      'a code without a driver',
      { driver: null, ...fault({ return: 800 }) },
      /no process gets as far as cuCtxCreate_v2 while "driver" is null/,
    ],
  ])('say what is wrong with %s', (_, overrides, message) => {
    expect(refusal(overrides as object)).toMatch(message);
  });

  it('spare a hang in an open that would fail', () => {
    const faults = [{ function: 'nvmlInit_v2', hang: true }];
    const path = file({ description: 'A test.', extends: 'healthy', access: 'revoked', faults });
    expect(loadScenario(path).faults).toEqual(faults);
  });
});
