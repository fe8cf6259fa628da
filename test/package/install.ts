import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Packed } from './pack.js';

/** An application that has the package, and nothing else. */
export interface Application {
  folder: string;
  /** The package in its node_modules. */
  installed: string;
  /** What a Node started in it prints. */
  node(...args: string[]): string;
}

/** Installs the tarball into a new application, with npm, no script run and nothing fetched. */
export function installIn(folder: string, { path, dependency }: Packed): Application {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "app", "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--offline'];
  execFileSync('npm', ['install', ...options, dependency, path], { cwd: folder, stdio: 'pipe' });
  return {
    folder,
    installed: join(folder, 'node_modules/gpuprobe'),
    node: (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }),
  };
}
