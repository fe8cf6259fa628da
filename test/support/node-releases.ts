import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const NODE_MAJORS = [20, 22, 24, 26] as const;

export interface NodeReleases {
  /** The program by major version; a release that could not be fetched is missing. */
  programs: Map<number, string>;
  /** Why the others could not be fetched. */
  missing: string[];
  remove(): void;
}

/**
 * Fetches the Node releases that gpuprobe supports, from npm's packages of the binaries, into a temporary
 * folder.
 */
export async function fetchNodes(): Promise<NodeReleases> {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-nodes-'));
  const releases: NodeReleases = {
    programs: new Map(),
    missing: [],
    remove: () => rmSync(folder, { recursive: true }),
  };
  const aliases = NODE_MAJORS.map((major) => `node-${major}@npm:node-linux-${process.arch}@${major}`);
  writeFileSync(join(folder, 'package.json'), '{}');
  try {
    const options = ['--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    await run('npm', ['install', ...options, ...aliases], { cwd: folder });
  } catch (error) {
    releases.missing.push(String((error as { stderr?: string }).stderr ?? error));
  }
  for (const major of NODE_MAJORS) {
    const program = join(folder, 'node_modules', `node-${major}`, 'bin', 'node');
    if (existsSync(program)) releases.programs.set(major, program);
    else releases.missing.push(`Node ${major} is not in the package`);
  }
  return releases;
}
