import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** NVIDIA's user-space driver of Debian's non-free section; unpacked to a scratch folder, never installed. */
const PACKAGES = ['libnvidia-ml1', 'libcuda1', 'libnvidia-ptxjitcompiler1'];
const SOURCES = '/etc/apt/sources.list.d';

/** This machine's own Debian sources, with the non-free section added. */
function nonFreeSources(): string {
  const parts = existsSync(SOURCES) ? readdirSync(SOURCES).map((name) => join(SOURCES, name)) : [];
  const files = ['/etc/apt/sources.list', ...parts];
  const texts = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  return texts
    .filter((text) => /\/debian(-security)?[\s/]/.test(text))
    .flatMap((text) => text.split('\n'))
    .map((line) => line.replace(/^(Components:.*\bmain\b|deb .*\bmain\b).*$/, '$1 non-free'))
    .join('\n');
}

export interface RealDriver {
  /** Where `libnvidia-ml.so.1` and `libcuda.so.1` lie. */
  libraries: string;
}

/** Downloads and unpacks the driver under `folder`, or says why it could not be had. */
export function fetchRealDriver(folder: string): RealDriver | { missing: string } {
  try {
    const source = nonFreeSources();
    const list = join(folder, source.includes('URIs:') ? 'non-free.sources' : 'non-free.list');
    writeFileSync(list, source);
    for (const name of ['lists/partial', 'archives/partial', 'unpacked']) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const options = [
      `Dir::Etc::sourcelist=${list}`,
      'Dir::Etc::sourceparts=/nonexistent',
      `Dir::State::Lists=${join(folder, 'lists')}`,
      `Dir::Cache=${folder}`,
      'APT::Sandbox::User=root',
    ].flatMap((option) => ['-o', option]);
    const apt = (...args: string[]) =>
      execFileSync('apt-get', [...options, ...args], { cwd: folder, stdio: 'pipe', encoding: 'utf8' });
    apt('update');
    apt('download', ...PACKAGES);
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', join(folder, name), join(folder, 'unpacked')]);
    }
    execFileSync('chmod', ['-R', 'a+rX', folder]);
    const find = execFileSync('find', [join(folder, 'unpacked'), '-name', 'libnvidia-ml.so.1'], {
      encoding: 'utf8',
    });
    const libraries = find
      .trim()
      .split('\n')[0]
      ?.replace(/\/libnvidia-ml\.so\.1$/, '');
    if (libraries === undefined || libraries === '')
      return { missing: 'no libnvidia-ml.so.1 in the package' };
    return { libraries };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}
