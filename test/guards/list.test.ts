import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';

interface Guard {
  name: string;
  edits: { file: string; find: string }[];
  red: { native?: string; vitest?: string };
}

const list = join(import.meta.dirname, 'list.mjs');
const { GUARDS } = (await import(list)) as { GUARDS: Guard[] };

/** `node test/guards.mjs` takes too long for every change; that it could still be run does not. */
describe('the named guards', () => {
  it('have names of their own', () => {
    const names = GUARDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(50);
  });

  it.each(GUARDS.map((guard) => [guard.name, guard] as const))(
    '%s: what is to be taken away is there, once, and so is its test',
    (_, { edits, red }) => {
      for (const { file, find } of edits) {
        const text = readFileSync(join(packageRoot, file), 'utf8');
        expect({ file, find, times: text.split(find).length - 1 }).toEqual({ file, find, times: 1 });
      }
      if (red.vitest !== undefined) expect(existsSync(join(packageRoot, red.vitest))).toBe(true);
      if (red.native !== undefined) {
        expect(existsSync(join(packageRoot, 'test/native', `${red.native}.cc`))).toBe(true);
      }
    },
  );
});
