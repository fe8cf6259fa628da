import { describe, expect, it } from 'vitest';
import type { CheckId, Facts, Outcome, Verdict } from '../../lib/probe/report.js';
import { judge } from '../../lib/verdict/judge.js';
import { RULES } from '../../lib/verdict/rules/index.js';
import {
  accessRevoked,
  check,
  device,
  facts,
  factsOf,
  failed,
  GPU0,
  noDriver,
  silentDevice,
} from './facts.js';

const UNIMPLEMENTED = check('egl.image', 'fresh', { outcome: 'not-probed', name: 'NOT_IMPLEMENTED' });

describe('verdict', () => {
  const noCuda = facts();
  noCuda.checks = noCuda.checks.filter(({ id }) => !id.startsWith('cuda.'));

  it.each<[Verdict, string, Facts]>([
    ['ok', 'all well', facts()],
    ['ok', 'only NVML asked, and well', noCuda],
    ['ok', 'only nodes asked, and well', factsOf([check('nodes', 'layer0')], { devices: [] })],
    ['ok', 'only loading asked, and well', factsOf([check('nvml.load', 'fresh')], { devices: [] })],
    ['degraded', 'a warning', facts({ devices: [device({ computeMode: 'prohibited' })] })],
    ['failed', 'a critical finding', accessRevoked()],
    [
      'failed',
      'critical and warning',
      facts({
        devices: [
          silentDevice({ code: 15, name: 'NVML_ERROR_GPU_IS_LOST' }),
          device({ index: 1, uuid: 'GPU-2', computeMode: 'prohibited' }),
        ],
      }),
    ],
    ['unknown', 'no driver', noDriver()],
    [
      'unknown',
      'another platform',
      factsOf([check('nodes', 'layer0', { outcome: 'unsupported' })], { devices: [] }),
    ],
    [
      'unknown',
      'nothing could be asked',
      factsOf(
        [
          check('nodes', 'layer0'),
          check('nvml.init', 'fresh', { outcome: 'not-probed', name: 'FORK_FAILED' }),
        ],
        { devices: [] },
      ),
    ],
    [
      'unknown',
      'half could not be asked',
      facts({}, [check('cuda.init', 'fresh', { outcome: 'not-probed', name: 'KILLED' })]),
    ],
    [
      'unknown',
      'a library was found, and nothing asked of it',
      factsOf([check('nvml.load', 'fresh'), check('nvml.init', 'fresh', { outcome: 'skipped' })], {
        devices: [],
      }),
    ],
    ['unknown', 'no checks at all', factsOf([], { devices: [] })],
    [
      'ok',
      'nodes, and what cannot be asked yet',
      factsOf([check('nodes', 'layer0'), UNIMPLEMENTED], { devices: [] }),
    ],
    ['unknown', 'only what cannot be asked yet', factsOf([UNIMPLEMENTED], { devices: [] })],
  ])('%s: %s', (verdict, _what, given) => {
    expect(judge(given).verdict).toBe(verdict);
  });

  it('puts the worst first', () => {
    const given = facts({ devices: [device({ computeMode: 'prohibited' })] }, [
      check('nvml.init', 'fresh', { outcome: 'timeout', durationMs: 5000 }),
    ]);
    expect(judge(given).findings.map(({ severity }) => severity)).toEqual(['critical', 'warning']);
  });
});

describe('judge', () => {
  it('keeps the facts and does not touch them', () => {
    const given = accessRevoked();
    const before = structuredClone(given);
    expect(judge(given)).toMatchObject(before);
    expect(given).toEqual(before);
    expect(judge(given)).toEqual(judge(given));
  });

  it('names the driver function that did not answer, and for how long, and no more', () => {
    const given = facts({}, [
      check('nvml.init', 'telemetry', { outcome: 'timeout', detail: 'nvmlInitWithFlags', durationMs: 5003 }),
      check('nvml.init', 'fresh', { outcome: 'timeout', detail: 'nvmlInitWithFlags', durationMs: 5001 }),
    ]);
    expect(judge(given).findings).toMatchObject([
      {
        id: 'driver-unresponsive',
        summary: 'nvmlInitWithFlags (nvml.init) did not answer within 5 s; neither did 1 more.',
        observed: [
          'nvml.init (telemetry): no answer after 5 s (nvmlInitWithFlags)',
          'nvml.init (fresh): no answer after 5 s (nvmlInitWithFlags)',
        ],
      },
    ]);
  });

  it('says of 800 that it is a refusal, and quotes the memory', () => {
    const given = facts({}, [
      failed('cuda.context', 'warm', 800, 'CUDA_ERROR_NOT_PERMITTED', { device: GPU0 }),
      failed('cuda.context', 'fresh', 800, 'CUDA_ERROR_NOT_PERMITTED', { device: GPU0 }),
    ]);
    const [finding] = judge(given).findings;
    expect(finding?.summary).toBe('No new CUDA context on GPU 0: 800 CUDA_ERROR_NOT_PERMITTED.');
    expect(finding?.observed).toContain('memory of GPU 0: 6.5 of 16.0 GiB used, 9.3 GiB free');
    expect(finding?.inferred.every(({ confidence }) => confidence === 'possible')).toBe(true);
    expect(finding?.remedy[0]).toMatch(/^To decide it, .*EPERM/);
    expect(finding?.remedy[1]).toContain('2 CUDA_ERROR_OUT_OF_MEMORY');
  });

  it('never lets a bad answer pass for health', () => {
    const checks: CheckId[] = [
      'nodes',
      'nvml.load',
      'nvml.init',
      'nvml.devices',
      'nvml.telemetry',
      'cuda.load',
      'cuda.init',
      'cuda.context',
    ];
    const bad: Outcome[] = ['failed', 'timeout', 'crashed'];
    for (const id of checks) {
      for (const outcome of bad) {
        for (const where of [null, GPU0]) {
          const given = facts({}, [check(id, 'fresh', { outcome, code: 4242, device: where })]);
          expect(['failed', 'degraded'], `${id} ${outcome}`).toContain(judge(given).verdict);
        }
      }
    }
  });
});

describe('the table of rules', () => {
  it('has unique ids, and absorbs only what comes later', () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [index, rule] of RULES.entries()) {
      for (const { id } of rule.absorbs ?? [])
        expect(ids.indexOf(id), `${rule.id} > ${id}`).toBeGreaterThan(index);
    }
  });

  it('explains every rule in full', () => {
    for (const rule of RULES) {
      expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const text of [rule.title, rule.meaning, rule.detection, rule.source])
        expect(text.length).toBeGreaterThan(0);
      expect(rule.lookalikes.length, rule.id).toBeGreaterThan(0);
    }
  });

  it('gives every finding a summary, an observation and something to do', () => {
    const everything = [
      accessRevoked(),
      noDriver(),
      facts({ devices: [] }),
      facts({}, [failed('nvml.init', 'fresh', 4242, null)]),
    ];
    for (const finding of everything.flatMap((given) => judge(given, { require: 3 }).findings)) {
      expect(finding.summary).toMatch(/\.$/);
      expect(finding.observed.length, finding.id).toBeGreaterThan(0);
      expect(finding.remedy.length, finding.id).toBeGreaterThan(0);
    }
  });
});
