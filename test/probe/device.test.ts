// A device's readings in the form of the report, whatever of them could be read.
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../lib/native/binding.js';
import { READINGS } from '../../lib/native/catalog.gen.js';
import { toDevice } from '../../lib/probe/device.js';
import { schemaErrors } from '../support/schema.js';

const NOT_SUPPORTED = 3;
const UNKNOWN = 999;
const paths = Object.keys(READINGS);
const { names } = loadAddon().binding.layout;

/** A device of which every reading is 1, but for those that have a code. */
function device(codes: Record<string, number> = {}) {
  const named = (value: string) => ({ value, code: 0 });
  const facts = {
    index: 0,
    handleCode: 0,
    name: named('NVIDIA GPU'),
    uuid: named('GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01'),
    pciBusId: named('00000000:01:00.0'),
    values: paths.map(() => 1),
    codes: paths.map((path) => codes[path] ?? 0),
    sessions: { value: [], code: 0 },
    processes: { value: [], code: 0 },
  };
  return toDevice(facts, paths, names);
}

const all = (prefix: string, code: number) =>
  Object.fromEntries(paths.filter((path) => path.startsWith(prefix)).map((path) => [path, code]));

describe('the readings of a device', () => {
  it('are the report, and no more: every path of the catalog is a field of the schema', () => {
    expect(schemaErrors(device(), 'Device')).toEqual([]);
    expect(device().unavailable).toEqual({});
  });

  it('are null where they could not be read, each with its reason', () => {
    const codes = all('', UNKNOWN);
    expect(schemaErrors(device(codes), 'Device')).toEqual([]);
    const { unavailable, ecc, pcie } = device(codes);
    expect(ecc).toBeNull();
    expect(unavailable.ecc).toEqual({ code: UNKNOWN, name: 'NVML_ERROR_UNKNOWN' });
    expect(pcie.width).toBeNull();
    expect(unavailable['pcie.width']).toEqual({ code: UNKNOWN, name: 'NVML_ERROR_UNKNOWN' });
  });

  it('are a group in part, where only some could be read', () => {
    const { ecc, unavailable } = device({ 'ecc.volatile.corrected': NOT_SUPPORTED });
    expect(ecc?.volatile).toEqual({ corrected: null, uncorrected: 1 });
    expect(Object.keys(unavailable)).toEqual(['ecc.volatile.corrected']);
  });

  it('are no group in part, where one call answers all of it', () => {
    const { remappedRows, unavailable } = device({ 'remappedRows.failure': UNKNOWN });
    expect(remappedRows).toBeNull();
    expect(Object.keys(unavailable)).toEqual(['remappedRows']);
  });
});
