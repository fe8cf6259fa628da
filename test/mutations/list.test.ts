import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';

interface Place {
  file: string;
  first: number;
  count: number;
}
interface Mutation {
  name: string;
  red: { native?: string; named?: string; vitest?: string };
}
interface Marked {
  markedPlaces(root: string): Map<string, Place>;
  replacements(mutation: Mutation): [string, string][];
  withReplaced(text: string, place: Place, replacement: string): string;
}

const inFolder = (name: string) => import(join(import.meta.dirname, name));
const { MUTATIONS } = (await inFolder('list.mjs')) as { MUTATIONS: Mutation[] };
const { markedPlaces, replacements, withReplaced } = (await inFolder('marked.mjs')) as Marked;
const places = markedPlaces(packageRoot);

/** `node test/mutations/run.mjs` takes too long for every change; that it could still be run does not. */
describe('the mutations', () => {
  it('have names of their own', () => {
    const names = MUTATIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(50);
  });

  it('are all that the sources mark', () => {
    const listed = MUTATIONS.flatMap((mutation) => replacements(mutation).map(([marker]) => marker));
    expect([...places.keys()].sort()).toEqual(listed.sort());
  });

  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    '%s: changes its statement, and its test is there',
    (_, mutation) => {
      for (const [marker, text] of replacements(mutation)) {
        const place = places.get(marker) as Place;
        const source = readFileSync(join(packageRoot, place.file), 'utf8');
        const words = (lines: string) => lines.replaceAll(/\s+/g, ' ').trim();
        const mutated = withReplaced(source, place, text);
        expect(words(mutated)).not.toBe(words(source));
        expect(mutated.split('\n')).toHaveLength(source.split('\n').length);
        expect(place.count).toBeLessThan(8);
      }
      const { red } = mutation;
      if (red.vitest !== undefined) expect(existsSync(join(packageRoot, red.vitest))).toBe(true);
      if (red.native !== undefined) {
        const program = readFileSync(join(packageRoot, 'test/native', `${red.native}.cc`), 'utf8');
        expect(program.replaceAll(/"\s+"/g, '')).toContain(red.named);
      }
    },
  );
});

describe('a marked statement', () => {
  it('is replaced as a whole, and moves no other', () => {
    const text = 'a();\n  // mutation: one\n  b(\n    1,\n  );\nc();';
    expect(withReplaced(text, { file: 'x.ts', first: 2, count: 3 }, '')).toBe(
      'a();\n  // mutation: one\n\n\n\nc();',
    );
  });
});
