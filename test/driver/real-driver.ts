import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCES = '/etc/apt/sources.list.d';
/** nvidia-cuda-dev is 774 MB; its header lies within the first 700 kB. */
const CUDA_HEADER_WITHIN = 2 << 20;
/** Part of a package cannot be checked against apt's signatures: CUDA 11.8's header, by its own sum. */
const CUDA_HEADER_SHA256 = '55639151a971a10c28d627a98dcd406c6320a5b4e5b67dd9d229056ed5c8e045';

export interface Missing {
  /** Why it could not be had. */
  missing: string;
}

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

type Apt = (...args: string[]) => string;

/** apt-get with the non-free section, all of whose files lie in `folder`; nothing is installed. */
function aptIn(folder: string): Apt {
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
  const apt: Apt = (...args) =>
    execFileSync('apt-get', [...options, ...args], { cwd: folder, stdio: 'pipe', encoding: 'utf8' });
  apt('update');
  return apt;
}

function unpack(folder: string, apt: Apt, packages: readonly string[]): void {
  apt('download', ...packages);
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
    execFileSync('dpkg', ['-x', join(folder, name), join(folder, 'unpacked')]);
  }
  execFileSync('chmod', ['-R', 'a+rX', folder]);
}

/** The folder of the file of that name among what was unpacked. */
function folderOf(folder: string, name: string): string {
  const [file] = execFileSync('find', [join(folder, 'unpacked'), '-name', name], { encoding: 'utf8' })
    .trim()
    .split('\n');
  if (file === undefined || file === '') throw new Error(`no ${name} in the package`);
  return dirname(file);
}

function orMissing<T>(fetch: () => T): T | Missing {
  try {
    return fetch();
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

export interface RealDriver {
  /** Where `libnvidia-ml.so.1` and `libcuda.so.1` lie. */
  libraries: string;
}

/** Unpacks NVIDIA's user-space driver of Debian's non-free section under `folder`. */
export function fetchRealDriver(folder: string): RealDriver | Missing {
  return orMissing(() => {
    unpack(folder, aptIn(folder), ['libnvidia-ml1', 'libcuda1', 'libnvidia-ptxjitcompiler1']);
    return { libraries: folderOf(folder, 'libnvidia-ml.so.1') };
  });
}

export interface NvidiaSmi {
  program: string;
}

/** The same for nvidia-smi, without the libraries that it comes with. */
export function fetchNvidiaSmi(folder: string): NvidiaSmi | Missing {
  return orMissing(() => {
    unpack(folder, aptIn(folder), ['nvidia-smi']);
    return { program: join(folderOf(folder, 'nvidia-smi.1.gz'), 'nvidia-smi') };
  });
}

export interface NvidiaHeaders {
  /** Where `nvml.h` and `cuda.h` lie. */
  include: string;
}

/** NVIDIA's own headers. */
export async function fetchHeaders(folder: string): Promise<NvidiaHeaders | Missing> {
  try {
    const apt = aptIn(folder);
    unpack(folder, apt, ['libnvidia-ml-dev']);
    await fetchCudaHeader(folder, apt);
    return { include: folderOf(folder, 'nvml.h') };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** The first bytes of a file: a server may also answer with all of it, and is then not listened to the end. */
async function fetchStart(uri: string, bytes: number): Promise<Buffer> {
  const response = await fetch(uri, {
    headers: { range: `bytes=0-${bytes - 1}` },
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok || response.body === null) throw new Error(`${uri}: ${response.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(chunks);
}

async function fetchCudaHeader(folder: string, apt: Apt): Promise<void> {
  const [, uri = ''] = /^'([^']+)'/m.exec(apt('download', '--print-uris', 'nvidia-cuda-dev')) ?? [];
  const start = join(folder, 'nvidia-cuda-dev.part');
  writeFileSync(start, await fetchStart(uri, CUDA_HEADER_WITHIN));
  const header = './usr/include/cuda.h';
  // dpkg-deb cannot end well on the part of a package; whether the header came out of it, its sum tells.
  const extract = 'dpkg-deb --fsys-tarfile "$1" 2>/dev/null | tar -x -C unpacked --occurrence=1 "$2"';
  execFileSync('sh', ['-c', extract, 'sh', start, header], { cwd: folder, stdio: 'pipe' });
  const text = readFileSync(join(folder, 'unpacked', header));
  const sum = createHash('sha256').update(text).digest('hex');
  if (sum !== CUDA_HEADER_SHA256) throw new Error(`this is another cuda.h: ${sum}`);
}
