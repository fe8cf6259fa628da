// What TypeScript has of the lists in native/catalog, so that the compiler knows the names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../lib/native/binding.js';
import {
  CHECK_IDS,
  type CheckId,
  FRAMES,
  PLANNED_CHECKS,
  PROBE_KINDS,
} from '../../lib/native/catalog.gen.js';
import { packageRoot } from '../support/cli.js';

const { kinds, names, frames, records } = loadAddon().binding.layout;

describe('the generated names of the catalog', () => {
  it('are what `node native/catalog.mjs` makes of the lists', async () => {
    const { catalogTypes } = await import(join(packageRoot, 'native/catalog.mjs'));
    expect(readFileSync(join(packageRoot, 'lib/native/catalog.gen.ts'), 'utf8')).toBe(catalogTypes());
  });

  it('are those of the addon', () => {
    expect(Object.keys(kinds)).toEqual([...PROBE_KINDS]);
    expect(PROBE_KINDS.map((kind) => kinds[kind].number)).toEqual(PROBE_KINDS.map((_, i) => i + 1));
    expect([...names.checks.filter(Boolean), ...PLANNED_CHECKS]).toEqual(CHECK_IDS);
    expect(Object.keys(frames)).toEqual([...FRAMES]);
  });

  it('have the fields that the addon publishes of a record', () => {
    const text = readFileSync(join(packageRoot, 'lib/native/catalog.gen.ts'), 'utf8');
    for (const [name, { fields }] of Object.entries(records)) {
      const declared = new RegExp(`^  ${name}: \\{\n([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
      expect([...declared.matchAll(/^ +(\w+):/gm)].map(([, field]) => field)).toEqual(Object.keys(fields));
    }
  });
});

describe('a check', () => {
  it('is asked, or is a row that says that it cannot be', () => {
    for (const { check } of Object.values(kinds)) expect(CHECK_IDS).toContain(check);
    expect(names.checks.filter((id) => PLANNED_CHECKS.includes(id as CheckId))).toEqual([]);
  });
});
