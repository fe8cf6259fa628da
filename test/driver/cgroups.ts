import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Real device cgroups: what the kernel refuses to whoever is in them. */

/** How a cgroup refuses: by what it forbids, by what alone it allows, or by a filter program. */
export type Kind = 'v1-deny' | 'v1-allow' | 'v2-filter';

export interface DeviceCgroup {
  kind: Kind;
  /** Majors that it refuses. */
  majors: readonly number[];
}

/** What a container runtime allows everybody: null, zero, random and the like, and to make any node. */
const ALLOWED = ['c *:* m', 'b *:* m', 'c 1:* rwm', 'c 5:* rwm', 'c 136:* rwm'];

function mountOf(type: string, option: string): string | undefined {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(
      (fields) =>
        fields[fields.indexOf('-') + 1] === type &&
        (fields.at(-1) ?? '').split(',').some((one) => one === option || option === ''),
    )?.[4];
}

const V1 = mountOf('cgroup', 'devices');
const V2 = mountOf('cgroup2', '');

/** Compiles the program that sets a filter; undefined where it cannot, or the kernel refuses it. */
export function buildFilter(folder: string): string | undefined {
  const program = join(folder, 'device_filter');
  const source = fileURLToPath(new URL('device_filter.c', import.meta.url));
  execFileSync('cc', ['-Wall', '-Wextra', '-Werror', '-o', program, source], { stdio: 'pipe' });
  if (V2 === undefined) return undefined;
  const trial = join(V2, `gpuprobe-trial-${process.pid}`);
  try {
    mkdirSync(trial);
  } catch {
    return undefined; // a read-only mount
  }
  const { status } = spawnSync(program, [trial, '1000']);
  rmdirSync(trial);
  return status === 0 ? program : undefined;
}

/** The kinds that can be had on this machine. */
export function kindsHere(filter: string | undefined): Kind[] {
  const v1: Kind[] = V1 !== undefined && existsSync(join(V1, 'devices.deny')) ? ['v1-deny', 'v1-allow'] : [];
  return [...v1, ...(filter === undefined ? [] : (['v2-filter'] as const))];
}

/** Makes one and returns its folder; whoever writes a pid into its `cgroup.procs` is in it. */
export function createCgroup({ kind, majors }: DeviceCgroup, filter: string | undefined): string {
  const path = join((kind === 'v2-filter' ? V2 : V1) ?? '', `gpuprobe-test-${process.pid}`);
  mkdirSync(path);
  if (kind === 'v2-filter') {
    execFileSync(filter ?? '', [path, ...majors.map(String)]);
    return path;
  }
  const write = (file: string, entry: string) => writeFileSync(join(path, file), entry);
  if (kind === 'v1-deny') {
    for (const major of majors) write('devices.deny', `c ${major}:* rwm`);
    return path;
  }
  write('devices.deny', 'a');
  const others = [195, 510].filter((major) => !majors.includes(major)).map((major) => `c ${major}:* rwm`);
  for (const entry of [...ALLOWED, ...others]) write('devices.allow', entry);
  return path;
}

/** Those that ran in it may take a moment longer than their parent to be gone. */
export function removeCgroup(path: string): void {
  for (let tries = 0; tries < 500; tries++) {
    try {
      rmdirSync(path);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  throw new Error(`processes of gpuprobe are left in ${path}`);
}
