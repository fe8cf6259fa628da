import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cliPath } from '../support/cli.js';
import { type Containers, createContainers } from '../support/container.js';
import { eventually, runningIn, wardenOf } from '../support/processes.js';
import { startService } from '../support/service.js';

const missing = [
  ...(process.getuid?.() === 0 ? [] : ['root']),
  ...(existsSync('/dev/fuse') ? [] : ['/dev/fuse']),
];
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: a real D state was NOT tried: it needs ${missing.join(' and ')}\n`);
}

const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A driver that sleeps in the kernel, uninterruptibly: a file system whose server never answers. */
describe.skipIf(missing.length > 0)('a driver in D state', () => {
  let folder: string;
  let server: ChildProcess;
  let containers: Containers;

  function build(output: string, file: string, ...flags: string[]): string {
    const path = join(folder, output);
    execFileSync('cc', ['-Wall', '-Wextra', '-Werror', ...flags, '-o', path, source(file)], {
      stdio: 'pipe',
    });
    return path;
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-fuse-'));
    const mounted = join(folder, 'mounted');
    mkdirSync(mounted);
    build('libnvidia-ml.so.1', 'blocking_driver.c', '-shared', '-fPIC', `-DBLOCKING_FILE="${mounted}/hang"`);
    containers = createContainers();
    const program = build('server', 'fuse_server.c');
    server = spawn(program, [mounted], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(server.stdout as NonNullable<typeof server.stdout>, 'data');
  }, 30_000);

  /** The kernel lets go of whoever sleeps there. */
  function release(): void {
    server.kill('SIGKILL');
  }

  afterEach(() => {
    release();
    execFileSync('umount', ['--lazy', join(folder, 'mounted')]);
    rmSync(folder, { recursive: true });
    containers.remove();
  });

  const sleepers = (session: number) => runningIn(session).filter((facts) => facts.state === 'D');

  const start = (given: { exit?: boolean } = {}) =>
    startService('isolation/services/kernel-hang.mjs', { given: { libraryPath: folder, ...given } });
  type Seen = { rows: { name: string | null; outcome: string; detail: string }[]; ids: string[] };

  it('is reported with where it sleeps, is not fed further, and ends when the kernel lets go', async () => {
    const service = start();
    const ask = async () => JSON.parse(await service.line()) as Seen;
    const first = await ask();
    expect(first.rows[0]?.detail).toMatch(
      /^nvmlInit.*state D, waiting in \w*fuse|state D, waiting in request_wait/,
    );
    expect(first.ids).toContain('driver-unresponsive');
    const warden = await wardenOf(service.pid, 1);

    let last = first;
    for (let i = 0; i < 4; i++) {
      service.tell();
      last = await ask();
    }
    expect(last.rows.map((row) => row.name)).toContain('PROBE_STUCK');
    expect(last.ids).toContain('probe-stuck');
    // Two at most, killed at their hard deadline and there all the same.
    expect(sleepers(warden)).toHaveLength(2);

    release();
    expect(await eventually(() => sleepers(warden).length === 0)).toBe(true);
    service.tell();
    expect((await ask()).rows).toEqual([]);
    expect(await wardenOf(service.pid, 0)).toBe(warden);
  });

  it.each(['exit', 'kill'])(
    'does not delay the end of a service (%s), and goes when the kernel lets go',
    async (how) => {
      const service = start({ exit: how === 'exit' });
      await service.line();
      const warden = await wardenOf(service.pid, 1);
      expect(sleepers(warden).length).toBeGreaterThan(0);
      if (how === 'exit') service.tell();
      else service.kill('SIGKILL');
      const { status, signal } = await service.ended;
      expect(how === 'exit' ? status : signal).toBe(how === 'exit' ? 7 : 'SIGKILL');
      // What sleeps in the kernel is all that is left, and nobody waits for it.
      expect(await eventually(() => runningIn(warden).every((facts) => facts.state === 'D'))).toBe(true);
      expect(sleepers(warden).length).toBeGreaterThan(0);
      release();
      expect(await eventually(() => runningIn(warden).length === 0)).toBe(true);
    },
  );

  /** A one-shot run where PID 1 reaps nothing, up to its report. */
  async function reported() {
    const words = ['--force', '--checks', 'nvml', '--deadline', '300'];
    const env = { LD_LIBRARY_PATH: folder };
    const container = containers.start(1, [cliPath(), ...words], { env });
    await container.speaks;
    return container;
  }

  it('is waited for by a one-shot run that has told, which then leaves nothing', async () => {
    const container = await reported();
    // As long as a real driver takes to give up a context.
    await setTimeout(100);
    release();
    expect(await container.said).toEqual(['status 1']);
  });

  it('does not keep a one-shot run for good, and is all that it leaves', async () => {
    const [status, ...left] = await (await reported()).said;
    expect(status).toBe('status 1');
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter((line) => !/^left gpuprobe-\w+ D$/.test(line))).toEqual([]);
  });
});
