import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from './support/cli.js';

/** Which folders of lib/ a folder may import; '' is lib/ itself: the vocabulary of errors, and where files are. */
const LIB_ARROWS: Record<string, readonly string[]> = {
  '': ['', 'guard', 'monitor', 'verdict', 'probe'],
  native: ['native', ''],
  sim: ['sim', 'native', ''],
  probe: ['probe', 'sim', 'native', ''],
  verdict: ['verdict', 'probe', ''],
  monitor: ['monitor', 'verdict', 'probe', 'sim', 'native', ''],
  guard: ['guard', 'monitor', 'probe', 'native', ''],
  surfaces: ['surfaces', 'guard', 'monitor', 'verdict', 'probe', 'sim', ''],
};

/** Which folders of native/ a folder may include. */
const NATIVE_ARROWS: Record<string, readonly string[]> = {
  proc: ['proc'],
  driver: ['driver'],
  catalog: [],
  probes: ['probes', 'catalog', 'driver'],
  wire: ['wire', 'probes', 'catalog', 'driver'],
  warden: ['warden', 'wire', 'probes', 'driver', 'proc'],
  // It writes the memory of a simulated machine; what the simulator makes of that is closed to it.
  addon: ['addon', 'sim/format', 'wire', 'probes', 'catalog', 'driver'],
  'sim/format': ['sim/format', 'driver'],
  sim: ['sim', 'sim/format', 'driver', 'proc'],
};

interface Source {
  file: string;
  folder: string;
  text: string;
}

/** The folder that the tables know a file by. */
const folderOf = (file: string) =>
  file.startsWith('sim/format/') ? 'sim/format' : file.includes('/') ? (file.split('/')[0] ?? '') : '';

function sources(root: string, pattern: RegExp): Source[] {
  return readdirSync(join(packageRoot, root), { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file))
    .map((file) => ({
      file,
      folder: folderOf(file),
      text: readFileSync(join(packageRoot, root, file), 'utf8'),
    }));
}

const libSources = sources('lib', /\.ts$/);
const nativeSources = sources('native', /\.(cc|h|def)$/);

/** `from -> to` for each import that leaves its folder for one that is not allowed. */
function forbidden(
  from: Source,
  targets: readonly string[],
  arrows: Record<string, readonly string[]>,
): string[] {
  const allowed = arrows[from.folder];
  return targets
    .filter((target) => allowed === undefined || !allowed.includes(target))
    .map((target) => `${from.file} -> ${target || '(root)'}`);
}

/** Folders of lib/ that a file's relative imports lead to. */
function libTargets({ file, text }: Source): string[] {
  const imports = [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return imports.map((path) => {
    const target = join('/', file, '..', path).slice(1);
    return folderOf(target);
  });
}

const nativeTargets = ({ text }: Source) =>
  [...text.matchAll(/#include "([a-z]+\/[^"]+)"/g)].map((match) => folderOf(match[1] ?? ''));

describe('imports go one way', () => {
  it('in lib/', () => {
    expect(libSources.length).toBeGreaterThan(20);
    const arrows = libSources.flatMap((source) => forbidden(source, libTargets(source), LIB_ARROWS));
    expect(arrows).toEqual([]);
  });

  it('in native/', () => {
    expect(nativeSources.length).toBeGreaterThan(40);
    const arrows = nativeSources.flatMap((source) => forbidden(source, nativeTargets(source), NATIVE_ARROWS));
    expect(arrows).toEqual([]);
  });

  it('to the ground floor, which imports nothing else', () => {
    const ground = ['errors.ts', 'events.ts', 'options.ts', 'format.ts'];
    for (const source of libSources.filter(({ file }) => ground.includes(file))) {
      expect(
        libTargets(source).filter((target) => target !== ''),
        source.file,
      ).toEqual([]);
      expect(source.text, source.file).not.toMatch(/from '\.\/(index|probe)\.js'/);
    }
  });

  it('would notice a new arrow', () => {
    const wrong = {
      file: 'verdict/judge.ts',
      folder: 'verdict',
      text: "import { x } from '../native/source.js';",
    };
    expect(forbidden(wrong, libTargets(wrong), LIB_ARROWS)).toEqual(['verdict/judge.ts -> native']);
    const intoEngine = {
      file: 'addon/worlds.cc',
      folder: 'addon',
      text: '#include "sim/format/machine_file.h"\n#include "sim/engine/parse.h"',
    };
    expect(forbidden(intoEngine, nativeTargets(intoEngine), NATIVE_ARROWS)).toEqual([
      'addon/worlds.cc -> sim',
    ]);
  });
});

describe('the guard reads the monitor, never the driver', () => {
  it('and takes nothing of lib/native but a clock and a lock', () => {
    const guard = libSources.filter((source) => source.folder === 'guard');
    const taken = guard.flatMap(({ text }) =>
      [...text.matchAll(/from '(?:\.\.\/)+native\/([^']+)'/g)].map(([, file]) => file),
    );
    expect([...new Set(taken)].sort()).toEqual(['clock.js', 'file-lock.js']);
  });
});

describe('each thing has one place', () => {
  const containing = (list: Source[], pattern: RegExp) =>
    list.filter((source) => pattern.test(source.text)).map((source) => source.file);

  it('only native/addon includes <napi.h>', () => {
    const files = containing(nativeSources, /#include <napi\.h>|#include <node_api\.h>/);
    expect(files.filter((file) => !file.startsWith('addon/'))).toEqual([]);
    expect(files).not.toEqual([]);
  });

  it('only lib/native/binding.ts loads the addon', () => {
    expect(containing(libSources, /node-gyp-build'\)|\.node'/)).toEqual(['native/binding.ts']);
  });

  it('only lib/paths.ts knows where the files of the package are', () => {
    expect(containing(libSources, /fileURLToPath/)).toEqual(['paths.ts']);
  });

  it('rules neither read a clock nor do I/O', () => {
    const verdict = libSources.filter((source) => source.folder === 'verdict');
    expect(containing(verdict, /Date\.now|new Date|performance\.|from 'node:|\bprocess\.(?!js)/)).toEqual([]);
  });

  it('below the addon nothing needs the C++ runtime', () => {
    const plain = nativeSources.filter((source) => !source.file.startsWith('addon/'));
    const runtime =
      /std::(string|vector|function|unique_ptr|mutex|thread|map)\b|\bthrow\b|\bvirtual\b|dynamic_cast/;
    const code = plain.map((source) => ({ ...source, text: source.text.replace(/\/\/.*/g, '') }));
    expect(containing(code, runtime)).toEqual([]);
  });

  it('every C++ source stands in native/sources.txt, once', () => {
    const listed = readFileSync(join(packageRoot, 'native/sources.txt'), 'utf8')
      .split('\n')
      .filter((line) => /^[a-z]/.test(line))
      .map((line) => line.split(' ')[1]);
    const files = nativeSources.map((source) => source.file).filter((file) => file.endsWith('.cc'));
    expect(listed.toSorted()).toEqual(files.toSorted());
  });

  it('the tree shows four folders', () => {
    const tracked = execFileSync('git', ['ls-files'], { cwd: packageRoot, encoding: 'utf8' }).split('\n');
    const visible = tracked.filter((file) => file.includes('/') && !file.startsWith('.'));
    const folders = new Set(visible.map((file) => file.split('/')[0]));
    expect([...folders].sort()).toEqual(['bench', 'lib', 'native', 'test']);
  });

  it('no file of the product is longer than 350 lines', () => {
    const long = [...libSources, ...nativeSources].filter((source) => source.text.split('\n').length > 350);
    expect(long.map((source) => source.file)).toEqual([]);
  });
});
