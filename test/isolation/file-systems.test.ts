import { chmodSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyPackage } from '../support/copy.js';
import { startService } from '../support/service.js';

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  if (process.env.CI === 'true') throw new Error('mounts of its own need root');
  process.stderr.write(
    'SKIPPED: file systems that are read-only, full or noexec were not tried, which needs root\n',
  );
}

describe.skipIf(!isRoot)('on a file system', () => {
  let root: string;
  beforeAll(() => {
    root = copyPackage();
    chmodSync(root, 0o755);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** Node with mounts of its own, as these words make them. */
  const where = (mounts: string) => ['unshare', '--mount', 'sh', '-ec', `${mounts}; exec "$@"`, 'sh'];

  it('that is read-only, with a full one for temporary files: as ever, since nothing is written', async () => {
    const given = { options: [{ simulate: 'healthy' }] };
    const mounts = `mount --bind ${root} ${root}; mount -o remount,bind,ro ${root}; mount -t tmpfs -o size=4k full /mnt; head -c 4096 /dev/zero > /mnt/full`;
    const service = startService('isolation/services/ask.mjs', {
      root,
      through: where(mounts),
      env: { TMPDIR: '/mnt' },
      given,
    });
    expect(await service.ended).toMatchObject({ status: 0, output: 'ok\n' });
  });

  it('that is mounted noexec: a coded error with the remedy', async () => {
    const mounts = `mount --bind ${root} ${root}; mount -o remount,bind,noexec ${root}`;
    const service = startService('isolation/services/noexec.mjs', { root, through: where(mounts) });
    expect(await service.line()).toMatch(/^ERR_GPUPROBE_ADDON_NOT_FOUND .*noexec/);
  });
});
