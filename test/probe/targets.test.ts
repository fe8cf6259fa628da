import { describe, expect, it } from 'vitest';
import { dropSharedUuids } from '../../lib/probe/device.js';
import { contextTargets } from '../../lib/probe/targets.js';
import { device, GPU0, GPU1 } from '../verdict/facts.js';

/** Which GPUs get a context, and what a canary is told to find them by. */

const A = '00000000:0A:00.0';
const B = '00000000:0B:00.0';
const first = device({ uuid: GPU0, pciBusId: A });
const nameless = device({ index: 1, uuid: null, pciBusId: null });
const listed = [
  { uuid: GPU0, pciBusId: '0000:0a:00.0' },
  { uuid: GPU1, pciBusId: '0000:0b:00.0' },
];
const targets = (...args: Parameters<typeof contextTargets>) =>
  contextTargets(...args).map(({ id, gpu, skip }) => [id, gpu?.device, gpu?.pciBusId, skip?.name]);

describe('contextTargets', () => {
  it('knows a GPU by its address where NVML gives no UUID of it', () => {
    const second = { ...nameless, pciBusId: B };
    expect(targets([first, second], listed, 0, false)).toEqual([
      [GPU0, GPU0, A, undefined],
      [B, GPU1, '0000:0b:00.0', undefined],
    ]);
  });

  it('takes the name of CUDA for one of which NVML has none, and says that of one that CUDA has not either', () => {
    expect(targets([first, nameless], listed, 0, false)[1]).toEqual([GPU1, GPU1, '0000:0b:00.0', undefined]);
    expect(targets([first, nameless], listed.slice(0, 1), 0, false)[1]).toEqual([
      'index:1',
      undefined,
      undefined,
      'NO_UUID',
    ]);
  });

  it('takes no MIG device of a GPU that NVML names for a further GPU', () => {
    const mig = [{ uuid: GPU1, pciBusId: '0000:0a:00.0' }];
    expect(targets([device({ uuid: GPU0, pciBusId: A, migMode: true })], mig, 0, false)).toEqual([
      [GPU0, GPU0, A, 'MIG_ENABLED'],
    ]);
    expect(targets([first, nameless], mig, 0, false).map(([id]) => id)).toEqual([GPU0, 'index:1']);
  });

  it('finds what CUDA_VISIBLE_DEVICES leaves visible by address too', () => {
    const old = [{ uuid: '', pciBusId: '0000:0b:00.0' }];
    const both = [first, device({ index: 1, uuid: GPU1, pciBusId: B })];
    expect(targets(both, old, 0, true).map(([id, , , skip]) => [id, skip])).toEqual([
      [GPU0, 'NOT_VISIBLE'],
      [GPU1, undefined],
    ]);
  });

  it('names by address what CUDA alone lists, where it tells no UUID of its own', () => {
    const same = listed.map((entry) => ({ ...entry, uuid: GPU0 }));
    const none = listed.map((entry) => ({ ...entry, uuid: '' }));
    for (const list of [same, none]) {
      expect(targets([], list, 0, false).map(([id]) => id)).toEqual(['0000:0a:00.0', '0000:0b:00.0']);
    }
  });

  it('tells two GPUs with one UUID apart by their addresses', () => {
    const twins = [{ ...first }, device({ index: 1, uuid: GPU0, pciBusId: B })];
    dropSharedUuids(twins);
    expect(twins[1]?.unavailable.uuid).toEqual({ code: null, name: 'NOT_UNIQUE' });
    const same = listed.map((entry) => ({ ...entry, uuid: GPU0 }));
    expect(targets(twins, same, 0, false).map(([id, asked]) => [id, asked])).toEqual([
      [A, '0000:0a:00.0'],
      [B, '0000:0b:00.0'],
    ]);
  });

  it('leaves UUIDs that differ, and those of GPUs that nothing else names', () => {
    const gpus = [first, device({ index: 1, uuid: GPU1 }), device({ index: 2, uuid: GPU1, pciBusId: null })];
    dropSharedUuids(gpus);
    expect(gpus.map(({ uuid }) => uuid)).toEqual([GPU0, null, GPU1]);
  });
});
