import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../support/cli.js';

/** Documents lead somewhere: every relative link, every anchor, and every file that they name. */

const documents = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: packageRoot,
  encoding: 'utf8',
})
  .split('\n')
  .filter((name) => name !== '' && existsSync(join(packageRoot, name)));

/** As GitHub makes an anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[`*]/g, '')
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

function anchorsOf(document: string): string[] {
  const text = readFileSync(join(packageRoot, document), 'utf8');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

describe.each(documents)('%s', (document) => {
  const text = readFileSync(join(packageRoot, document), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');

  it('has links that lead somewhere', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document : normalize(join(dirname(document), path));
      expect(existsSync(join(packageRoot, file)), `${document}: ${target}`).toBe(true);
      if (anchor !== undefined && file.endsWith('.md')) {
        expect(anchorsOf(file), `${document}: ${target}`).toContain(anchor);
      }
    }
  });

  it('names files that there are', () => {
    for (const [, name = ''] of text.matchAll(
      /`((?:native|lib|test|bench)\/[\w./-]+\.(?:ts|mjs|cc|h|def|md|c))`/g,
    )) {
      // NAME and FILE stand for whatever somebody adds.
      if (/\/(NAME|FILE)\./.test(name)) continue;
      expect(existsSync(join(packageRoot, name)), `${document}: ${name}`).toBe(true);
    }
  });
});

describe('size', () => {
  it.each([
    ['README.md', 10_240],
    ['ARCHITECTURE.md', 12_288],
  ])('%s is read in one sitting: at most %i bytes', (name, most) => {
    expect(statSync(join(packageRoot, name)).size).toBeLessThanOrEqual(most);
  });

  it('every room says what belongs there', () => {
    const rooms = execFileSync('git', ['ls-files', 'native', 'lib'], { cwd: packageRoot, encoding: 'utf8' })
      .split('\n')
      .flatMap((file) => /^((?:native|lib)\/[^/]+)\//.exec(file)?.[1] ?? []);
    for (const room of new Set(rooms)) {
      expect(existsSync(join(packageRoot, room, 'README.md')), room).toBe(true);
    }
  });
});
