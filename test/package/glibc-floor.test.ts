import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';

/** What Node's own binaries ask for (`objdump -T` of those for 20 to 26): a machine that has Node has these. */
const FLOORS: Record<string, string> = { GLIBC: '2.28', GLIBCXX: '3.4.21', CXXABI: '1.3.9', GCC: '4.3' };

const packed = inject('packed');
const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-glibc-'));
execFileSync('tar', ['-xzf', packed.path, '-C', folder]);
afterAll(() => rmSync(folder, { recursive: true }));

const newer = (version: string, floor: string) => version.localeCompare(floor, 'en', { numeric: true }) > 0;

/** `memfd_create GLIBC_2.27` for each symbol that comes from elsewhere. */
function symbolsOf(file: string): { symbol: string; library: string; version: string }[] {
  const table = execFileSync('objdump', ['-T', join(folder, 'package', file)], { encoding: 'utf8' });
  return [...table.matchAll(/\*UND\*\s+\S+\s+\(?([A-Z]+)_([\d.]+)\)?\s+(\S+)/g)].map(
    ([, library = '', version = '', symbol = '']) => ({ symbol, library, version }),
  );
}

describe.each(
  packed.files.map(({ path }) => path).filter((path) => /^prebuilds\/.*(\.node|\.so\.1|-warden)$/.test(path)),
)('%s', (file) => {
  it('asks for no newer system than Node does', () => {
    const symbols = symbolsOf(file);
    expect(symbols.length).toBeGreaterThan(10);
    const tooNew = symbols.filter(({ library, version }) => newer(version, FLOORS[library] ?? '0'));
    expect(tooNew).toEqual([]);
  });
});
