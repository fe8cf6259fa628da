import { describe, expect, it } from 'vitest';
import type { Device, Facts } from '../../lib/probe/report.js';
import { historyEntryOf } from '../../lib/verdict/history.js';
import { judge } from '../../lib/verdict/judge.js';
import { device, facts, GPU1, idleDevice } from './facts.js';

const START = Date.parse('2025-11-05T12:00:00.000Z');

/** One look every `seconds`, with what the device reads at each. */
function looks(readings: readonly Partial<Device>[], seconds = 2, base = device()): Facts[] {
  return readings.map((different, index) =>
    facts({
      takenAt: new Date(START + index * seconds * 1000).toISOString(),
      devices: [{ ...base, ...different }],
    }),
  );
}

function frozen(all: readonly Facts[]) {
  const last = all.at(-1) as Facts;
  const history = all.slice(0, -1).map((one) => historyEntryOf(one));
  return judge(last, { history }).findings.filter(({ id }) => id === 'readings-frozen');
}

const same = (count: number, reading: Partial<Device> = {}) => Array.from({ length: count }, () => reading);
const WITHOUT_COUNTER = { energyJoules: null };

describe('frozen readings', () => {
  it('are an energy counter that stands while power is drawn, and all else the same', () => {
    expect(frozen(looks(same(3)))).toMatchObject([
      {
        severity: 'warning',
        summary: 'The readings of GPU 0 have not moved for 4 s, although it draws power.',
        observed: [
          expect.stringContaining('3 looks in 4 s'),
          expect.stringContaining('energyJoules stands at 86400 with powerWatts 31.4: 126 J are missing'),
        ],
        inferred: [{ confidence: 'likely' }],
      },
    ]);
  });

  it('are, of a GPU without the counter, a power that does not move while it is busy', () => {
    const [finding] = frozen(looks(same(3, WITHOUT_COUNTER)));
    expect(finding?.inferred).toMatchObject([{ confidence: 'possible' }]);
  });

  it('take three looks, and two seconds', () => {
    expect(frozen(looks(same(2)))).toEqual([]);
    expect(frozen(looks(same(30), 0.01))).toEqual([]);
    expect(frozen(looks(same(3), 0.5))).toEqual([]);
  });

  it('are found for the GPU that they are of', () => {
    const other = device({ index: 1, uuid: GPU1, pciBusId: '00000000:02:00.0', minor: 1 });
    const all = [0, 1, 2].map((index) =>
      facts({
        takenAt: new Date(START + index * 5000).toISOString(),
        devices: [device({ energyJoules: 1000 + 157 * index }), other],
      }),
    );
    expect(frozen(all).map(({ device: id }) => id)).toEqual([GPU1]);
  });

  it('end as soon as anything moves', () => {
    const moved = [{}, {}, {}, { temperatureCelsius: 49 }];
    expect(frozen(looks(moved.slice(0, 3)))).toHaveLength(1);
    expect(frozen(looks(moved))).toEqual([]);
    expect(frozen(looks([...moved, { temperatureCelsius: 49 }]))).toEqual([]);
  });
});

describe('never called frozen', () => {
  const HOURS = 720;
  it.each<[string, Facts[]]>([
    [
      'an idle GPU that reads the same for hours: its energy goes on',
      looks(
        Array.from({ length: HOURS }, (_, i) => ({ energyJoules: 86_400 + i * 30 * 9 })),
        30,
        idleDevice(),
      ),
    ],
    ['an idle GPU without the counter, for hours', looks(same(HOURS, WITHOUT_COUNTER), 30, idleDevice())],
    [
      'a GPU at its power limit, fully busy, whose power moves by milliwatts',
      looks(Array.from({ length: 50 }, (_, i) => ({ ...WITHOUT_COUNTER, powerWatts: 70 + (i % 3) / 1000 }))),
    ],
    ['a counter that never counted, as of a virtual GPU', looks(same(10, { energyJoules: 0 }))],
    ['a GPU that tells neither power nor energy', looks(same(10, { powerWatts: null, energyJoules: null }))],
    ['a GPU that draws nothing', looks(same(10, { powerWatts: 0 }))],
    [
      'a counter alone that stands, beside readings that move',
      looks([48, 49, 50, 51].map((temperatureCelsius) => ({ temperatureCelsius }))),
    ],
    ['looks at a time that cannot be read', looks(same(4)).map((one) => ({ ...one, takenAt: 'noon' }))],
  ])('%s', (_, all) => expect(frozen(all)).toEqual([]));
});
