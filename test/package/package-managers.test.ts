import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

/** From npm, as everything else here: package managers, and the two other runtimes that load Node's addons. */
const TOOLS = ['pnpm@10', 'yarn@1', '@yarnpkg/cli-dist@4', 'bun@1', 'deno@2'];
const USE = `
  import { probe } from 'gpuprobe';
  probe({ simulate: 'healthy' }).then(({ verdict, devices }) => console.log(verdict, devices.length));
`;

describe('with every package manager, no script run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-managers-'));
  const tool = (path: string) => join(folder, 'tools/node_modules', path);
  const run = (cwd: string, program: string, ...args: string[]) =>
    execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' },
    });
  const node = (cwd: string, ...args: string[]) => run(cwd, process.execPath, ...args);

  beforeAll(() => {
    mkdirSync(join(folder, 'tools'));
    writeFileSync(join(folder, 'tools/package.json'), '{}');
    run(join(folder, 'tools'), 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...TOOLS);
    copyFileSync(inject('packed').path, join(folder, 'gpuprobe.tgz'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** An application that asks for the tarball. */
  function application(name: string, files: Record<string, string> = {}): string {
    const cwd = join(folder, name);
    mkdirSync(cwd);
    const dependencies = { gpuprobe: 'file:../gpuprobe.tgz' };
    const all = { 'package.json': JSON.stringify({ private: true, dependencies }), 'use.mjs': USE, ...files };
    for (const [file, text] of Object.entries(all)) writeFileSync(join(cwd, file), text);
    return cwd;
  }

  it('pnpm', () => {
    const cwd = application('pnpm');
    const pnpm = tool('pnpm/bin/pnpm.cjs');
    node(cwd, pnpm, 'install', '--ignore-scripts');
    expect(node(cwd, 'use.mjs')).toBe('ok 2\n');
    expect(node(cwd, pnpm, 'exec', 'gpuprobe', '--sim', 'healthy')).toMatch(/^\[SIMULATED\] OK/);
  });

  it('yarn 1', () => {
    const cwd = application('yarn1');
    node(cwd, tool('yarn/bin/yarn.js'), 'install', '--ignore-scripts');
    expect(node(cwd, 'use.mjs')).toBe('ok 2\n');
  });

  it.each(['node-modules', 'pnp'])('yarn 4, linker %s', (linker) => {
    const settings = {
      nodeLinker: linker,
      enableScripts: false,
      enableTelemetry: false,
      enableImmutableInstalls: false,
    };
    const yaml = Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`);
    const cwd = application(`yarn4-${linker}`, { '.yarnrc.yml': yaml.join(''), 'yarn.lock': '' });
    const yarn = tool('@yarnpkg/cli-dist/bin/yarn.js');
    node(cwd, yarn, 'install');
    expect(node(cwd, yarn, 'node', 'use.mjs')).toBe('ok 2\n');
  });

  // Their own packages are shells around these, put in place by an install script.
  it.skipIf(process.arch !== 'x64')('Bun, which installs and runs it', () => {
    const cwd = application('bun');
    const bun = tool('@oven/bun-linux-x64/bin/bun');
    run(cwd, bun, 'install', '--ignore-scripts');
    expect(run(cwd, bun, 'use.mjs')).toBe('ok 2\n');
  });

  it.skipIf(process.arch !== 'x64')('Deno, on what npm installed', () => {
    const cwd = application('deno');
    run(cwd, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund');
    const deno = tool('@deno/linux-x64-glibc/deno');
    expect(run(cwd, deno, 'run', '-A', '--node-modules-dir=manual', 'use.mjs')).toBe('ok 2\n');
  });
});
