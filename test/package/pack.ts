import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packageRoot } from '../support/cli.js';

/** What `npm pack` made, with a prebuild for each architecture that can be built for here. */
export interface Packed {
  /** The tarball. */
  path: string;
  /** The tarball of the one dependency, so that nothing need be fetched. */
  dependency: string;
  /** Of every file in it. */
  files: { path: string; mode: number; size: number }[];
  architectures: string[];
  /** Why an architecture is not in it. */
  missing: string[];
}

declare module 'vitest' {
  export interface ProvidedContext {
    packed: Packed;
  }
}

const CROSS_COMPILERS: Record<string, string> = {
  arm64: 'aarch64-linux-gnu-g++',
  x64: 'x86_64-linux-gnu-g++',
};

function pack(folder: string, what: string): { filename: string; files: Packed['files'] } {
  const args = ['pack', '--json', '--pack-destination', folder, what];
  const output = execFileSync('npm', args, {
    cwd: packageRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [packed] = JSON.parse(output) as { filename: string; files: Packed['files'] }[];
  if (packed === undefined) throw new Error(`npm packed nothing of ${what}`);
  return packed;
}

/** Builds all prebuilds through binding.gyp, as they are published, and packs them. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-pack-'));
  const missing: string[] = [];
  const architectures = Object.keys(CROSS_COMPILERS).filter((arch) => {
    const compiler = CROSS_COMPILERS[arch] as string;
    if (arch === process.arch || spawnSync(compiler, ['--version']).status === 0) return true;
    missing.push(
      `no prebuild for ${arch}: ${compiler} is not here (apt-get install g++-${compiler.slice(0, -4)})`,
    );
    return false;
  });
  if (missing.length > 0 && process.env.CI === 'true') throw new Error(missing.join('; '));
  for (const line of missing) process.stderr.write(`SKIPPED: ${line}\n`);
  rmSync(join(packageRoot, 'prebuilds'), { recursive: true, force: true });
  execFileSync(process.execPath, ['native/prebuilds.mjs', ...architectures], {
    cwd: packageRoot,
    stdio: 'pipe',
  });
  const { filename, files } = pack(folder, '.');
  const dependency = join(folder, pack(folder, './node_modules/node-gyp-build').filename);
  project.provide('packed', { path: join(folder, filename), dependency, files, architectures, missing });
  return () => rmSync(folder, { recursive: true });
}
