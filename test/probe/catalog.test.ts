// What TypeScript repeats of the lists in native/catalog, so that the compiler knows the names.
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../lib/native/binding.js';
import { PROBE_KINDS } from '../../lib/native/kinds.js';
import { CHECK_IDS } from '../../lib/probe/options.js';

const { kinds, names } = loadAddon().binding.layout;

describe('the names of the catalog', () => {
  it('are the kinds, in order', () => {
    expect(Object.keys(kinds)).toEqual([...PROBE_KINDS]);
    expect(PROBE_KINDS.map((kind) => kinds[kind].number)).toEqual(PROBE_KINDS.map((_, i) => i + 1));
  });

  it('are the checks that TypeScript has, beside those that are not implemented yet', () => {
    const checks = names.checks.filter((name) => name !== '');
    expect(CHECK_IDS).toEqual(expect.arrayContaining(checks));
    for (const { check } of Object.values(kinds)) expect(checks).toContain(check);
  });
});
