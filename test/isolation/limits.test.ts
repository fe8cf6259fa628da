import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyPackage } from '../support/copy.js';
import { childrenOf, eventually, wardenOf } from '../support/processes.js';
import { type Service, startService } from '../support/service.js';

/** Another user: root may have more processes than any limit says. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  if (process.env.CI === 'true')
    throw new Error('limits of processes are tried as another user, which needs root');
  process.stderr.write('SKIPPED: limits of processes were not tried, which needs root\n');
}

const descriptorsOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;

/** Sets the soft limit of a running process; the hard one stays. */
const limit = (pid: number, name: string, value: number | string) => {
  const uid = statSync(`/proc/${pid}`).uid;
  execFileSync('prlimit', ['--pid', String(pid), `--${name}=${value}:`], { uid, gid: uid });
};

describe('at a resource limit', () => {
  let root: string;
  beforeAll(() => {
    root = copyPackage();
    chmodSync(root, 0o755);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const start = (options: object, uid?: number): Service =>
    startService('isolation/services/at-limit.mjs', {
      root,
      given: options,
      ...(uid === undefined ? {} : { uid }),
    });

  async function ask(service: Service): Promise<string> {
    service.tell();
    const answer = await service.line();
    expect(await service.line()).toBe('ready');
    return answer;
  }

  async function killWarden(service: Service): Promise<void> {
    process.kill(await wardenOf(service.pid, 0), 'SIGKILL');
    expect(await eventually(() => childrenOf(service.pid).length === 0)).toBe(true);
  }

  it('no descriptor for the first probe: a coded error, and none is needed for good', async () => {
    const service = start({ checks: ['nodes'] });
    expect(await service.line()).toBe('ready');
    limit(service.pid, 'nofile', 3);
    expect(await ask(service)).toMatch(/^ERR_GPUPROBE_SOURCE .*ulimit -n/);
    limit(service.pid, 'nofile', 1024);
    expect(await ask(service)).not.toMatch('ERR_');
  });

  it('no descriptor for a new warden: a coded error, and the next probe is as good as ever', async () => {
    const service = start({ checks: ['nodes'] });
    expect(await service.line()).toBe('ready');
    const answer = await ask(service);
    const before = descriptorsOf(service.pid);
    await killWarden(service);
    limit(service.pid, 'nofile', 3);
    expect(await ask(service)).toMatch(/^ERR_GPUPROBE_WARDEN_START .*EMFILE.*ulimit -n/);
    limit(service.pid, 'nofile', 1024);
    expect(await ask(service)).toBe(answer);
    expect(descriptorsOf(service.pid)).toBe(before);
  });

  it.skipIf(!isRoot)('no thread: a coded error, in both isolations', async () => {
    for (const isolation of ['process', 'thread']) {
      const service = start({ simulate: 'healthy', isolation }, NOBODY);
      expect(await service.line()).toBe('ready');
      limit(service.pid, 'nproc', 1);
      expect(await ask(service)).toMatch(/^ERR_GPUPROBE_SOURCE .*ulimit -u/);
      limit(service.pid, 'nproc', 4096);
      expect(await ask(service)).toMatch(/^(ok|degraded) /);
    }
  });

  it.skipIf(!isRoot)('no process for a new warden: a coded error with the remedy', async () => {
    const service = start({ simulate: 'healthy' }, NOBODY);
    expect(await service.line()).toBe('ready');
    expect(await ask(service)).toBe('ok ');
    await killWarden(service);
    limit(service.pid, 'nproc', 1);
    expect(await ask(service)).toMatch(/^ERR_GPUPROBE_WARDEN_START .*EAGAIN.*ulimit -u/);
    limit(service.pid, 'nproc', 4096);
    expect(await ask(service)).toBe('ok ');
  });

  it.skipIf(!isRoot).each([
    ['process', 'nproc', 1, 4096],
    ['descriptor', 'nofile', 3, 1024],
    ['memory', 'as', 4096, 'unlimited'],
  ])(
    'no %s for a child of the warden: not probed, which says nothing of the GPU',
    async (_, name, none, enough) => {
      const service = start({ simulate: 'healthy' }, NOBODY);
      expect(await service.line()).toBe('ready');
      expect(await ask(service)).toBe('ok ');
      const warden = await wardenOf(service.pid, 1);
      limit(warden, name, none);
      expect(await ask(service)).toMatch(/^unknown (FORK|SIMULATOR)_FAILED/);
      limit(warden, name, enough);
      expect(await ask(service)).toBe('ok ');
      expect(await wardenOf(service.pid, 1)).toBe(warden);
    },
  );
});
