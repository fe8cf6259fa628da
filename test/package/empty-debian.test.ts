import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { copyNode, makeRoot, type Root, reasonAgainstRoots, unpackDebian } from './root.js';

const skipped = reasonAgainstRoots();
if (skipped !== null) {
  const what = `an empty Debian was not tried: ${skipped}`;
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

/** The C and C++ libraries that Node needs, a shell and env, which npm needs to run a command, and their libraries. */
const PACKAGES = [
  ...['libc6', 'libgcc-s1', 'libstdc++6', 'dash', 'coreutils'],
  ...['libacl1', 'libattr1', 'libselinux1', 'libpcre2-8-0', 'libgmp10'],
];

/** No compiler, no Python, no network: Node and npm. */
describe.skipIf(skipped !== null)('a Debian that holds only Node and npm', () => {
  const packed = inject('packed');
  let root: Root;
  beforeAll(() => {
    root = makeRoot();
    unpackDebian(root, PACKAGES);
    copyNode(root);
    for (const file of [packed.path, packed.dependency]) cpSync(file, join(root.path, 'app', basename(file)));
  });
  afterAll(() => root?.remove());

  const inApp = (command: string) => root.run(['sh', '-c', `cd /app && ${command}`]);

  it('installs the tarball, without a script or a word about one', () => {
    const tarballs = [packed.dependency, packed.path].map((file) => `./${basename(file)}`).join(' ');
    const { status, stdout, stderr } = inApp(
      `npm init -y >/dev/null && npm install --offline --no-audit --no-fund ${tarballs}`,
    );
    expect({ status, stdout: stdout.trim(), stderr }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^added 2 packages in /),
      stderr: '',
    });
  });

  it('says of a machine without a driver that it cannot tell', () => {
    const { status, stdout } = inApp('npx gpuprobe --json');
    const report = JSON.parse(stdout) as { verdict: string; findings: { id: string }[] };
    expect(status).toBe(3);
    expect(report.findings.map(({ id }) => id)).toEqual(['driver-absent']);
  });

  it.each([
    ['healthy', 0, 'ok'],
    ['access-revoked', 1, 'failed'],
  ])('probes the simulated machine %s', (scenario, exit, verdict) => {
    const { status, stdout } = inApp(`npx gpuprobe --sim ${scenario} --json`);
    expect(status).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ simulated: true, verdict });
  });

  it('works as a library', () => {
    const script =
      "require('gpuprobe').probe({ simulate: 'idle' }).then((report) => console.log(report.verdict))";
    expect(root.run(['sh', '-c', `cd /app && node --no-warnings -e "${script}"`]).stdout).toBe('ok\n');
  });
});
