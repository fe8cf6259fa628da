import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startService } from '../support/service.js';
import { Random } from './random.js';

const MEMBERS = 4;
const KILLS = 200;
const LIMIT = 5;
const services = join(import.meta.dirname, 'services');

let folder = '';
const children = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-killed-'));
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true });
});

const open = async (file: string, limit: number) =>
  (await import(join(services, 'open-guard.mjs'))).openGuard(file, limit);

async function startMember(file: string, witness: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(services, 'member.mjs'), file, String(LIMIT), witness], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let errors = '';
  child.stderr?.on('data', (text) => {
    errors += text;
  });
  const [first] = await Promise.race([
    once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
    once(child, 'exit'),
  ]);
  if (!String(first).startsWith('ready')) throw new Error(`a member ended: ${errors}`);
  return child;
}

interface Witnessed {
  most: number;
  admitted: number;
  admittedSinceLastKill: number;
}

/** What was held at once. Of a process that is being killed it is not known what it holds still: that does not count. */
function replay(witness: string): Witnessed {
  const held = new Map<string, string>();
  const seen: Witnessed = { most: 0, admitted: 0, admittedSinceLastKill: 0 };
  const killed = new Set<string>();
  for (const line of readFileSync(witness, 'utf8').trimEnd().split('\n')) {
    const [what, pid = '', id = ''] = line.split(' ');
    if (what === 'kill') {
      killed.add(pid);
      for (const [one, owner] of held) if (owner === pid) held.delete(one);
      seen.admittedSinceLastKill = 0;
    }
    if (what === '-') held.delete(id);
    if (what !== '+' || killed.has(pid)) continue;
    held.set(id, pid);
    seen.most = Math.max(seen.most, held.size);
    seen.admitted += 1;
    seen.admittedSinceLastKill += 1;
  }
  return seen;
}

describe(`${MEMBERS} processes and ${KILLS} SIGKILLs`, () => {
  // 200 starts of Node: as long as they take.
  it('never admit more than the limit, and lose no place', async () => {
    const [file, witness] = [join(folder, 'guard'), join(folder, 'witness')];
    const random = new Random(20251105);
    const members = await Promise.all(Array.from({ length: MEMBERS }, () => startMember(file, witness)));
    const lives = members.map(async (first, index) => {
      let member = first;
      for (let kill = index; kill < KILLS; kill += MEMBERS) {
        await sleep(random.below(40));
        // Before the signal: what it writes from now on may be of a dead man.
        appendFileSync(witness, `kill ${member.pid}\n`);
        member.kill('SIGKILL');
        const [code, signal] = await once(member, 'exit');
        // It ran until then: an error of its own would be a code.
        expect([code, signal]).toEqual([null, 'SIGKILL']);
        children.delete(member);
        member = await startMember(file, witness);
      }
    });
    await Promise.all(lives);
    // No place was lost on the way: those that came last have all of them at once, sooner or later. Where a machine is so
    // busy that most are killed before they have had one, that is later.
    await expect
      .poll(() => replay(witness), { timeout: 200_000, interval: 100 })
      .toSatisfy(
        (seen: Witnessed) =>
          seen.admittedSinceLastKill > LIMIT && seen.most >= LIMIT && seen.admitted > KILLS,
      );
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(
      [...children].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
    );
    const seen = replay(witness);
    expect(seen.most).toBe(LIMIT);
    const guard = await open(file, LIMIT);
    for (let i = 0; i < LIMIT; i++) await guard.acquire({ id: `after ${i}` });
    await expect(guard.acquire({ id: 'one more' })).rejects.toMatchObject({ limit: 'sessions' });
    await guard.close();
  }, 500_000);
});

/** Runs a program in a pid namespace of its own, as another container has it; undefined where that is not allowed. */
const namespaced = (() => {
  const words = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const { status } = spawnSync(words[0] ?? '', [...words.slice(1), 'true']);
  return status === 0 ? words : undefined;
})();

describe('a guard that nobody closes', () => {
  it('keeps no process alive', async () => {
    const service = startService('guard/services/unclosed.mjs', { given: join(folder, 'guard') });
    expect(await service.ended).toMatchObject({ status: 0, signal: null });
  });

  it('of a worker that ends leaves orphans, as one of a process does', async () => {
    const file = join(folder, 'guard');
    const worker = new Worker(join(services, 'holding-worker.mjs'), { workerData: file });
    await once(worker, 'message');
    const guard = await open(file, 1);
    expect(guard.leases()).toMatchObject([{ id: 'a', state: 'active' }]);
    await worker.terminate();
    expect(guard.leases()).toMatchObject([{ id: 'a', state: 'orphaned' }]);
    await guard.close();
  });
});

describe('a guard in another container', () => {
  it.runIf(namespaced !== undefined)(
    'is known to live by its lock, where its pid names nothing',
    async () => {
      const file = join(folder, 'guard');
      const container = startService('guard/services/holder.mjs', {
        through: namespaced ?? [],
        given: { file, limit: 2, id: 'in the container' },
      });
      expect(await container.line()).toBe('held 1');
      const guard = await open(file, 2);
      expect(guard.leases()).toMatchObject([{ state: 'active', pids: [1] }]);
      // Pid 1 of this namespace lives, and is not it.
      container.kill('SIGKILL');
      await container.ended;
      await expect.poll(() => guard.leases()).toMatchObject([{ state: 'orphaned', pids: [1] }]);
      await guard.acquire({ id: 'here' });
      await expect(guard.acquire({ id: 'one more' })).rejects.toMatchObject({ limit: 'sessions' });
      // Nobody can tell, and so the service's own truth does.
      expect(await guard.reconcile([])).toMatchObject({ freed: ['in the container'], leaking: [] });
      await guard.acquire({ id: 'one more' });
      await guard.close();
    },
  );
});

describe('a file system without room', () => {
  const mount = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=8k tmpfs "$0" && exec "$@"'];
  const { status } = spawnSync(mount[0] ?? '', [...mount.slice(1), tmpdir(), 'true']);

  it.runIf(status === 0)('is an error with a code, and the count stays what it was', async () => {
    const service = startService('guard/services/no-room.mjs', {
      through: [...mount, folder],
      given: join(folder, 'guard'),
    });
    const said = JSON.parse(await service.line());
    expect(said).toEqual(['ERR_GPUPROBE_LEDGER', true, 'ERR_GPUPROBE_LEDGER', true, ['a']]);
  });
});

describe('a session that outlives its owner', () => {
  it('counts until its process is gone', async () => {
    const file = join(folder, 'guard');
    const session = spawn('sleep', ['1000']);
    children.add(session);
    const owner = startService('guard/services/holder.mjs', {
      given: { file, limit: 1, id: 'a', pids: [session.pid] },
    });
    await owner.line();
    const guard = await open(file, 1);
    expect(guard.leases()).toMatchObject([{ id: 'a', state: 'active', owner: owner.pid }]);
    owner.kill('SIGKILL');
    await owner.ended;
    expect(guard.leases()).toMatchObject([{ id: 'a', state: 'orphaned' }]);
    await expect(guard.acquire({ id: 'b' })).rejects.toMatchObject({ limit: 'sessions' });
    session.kill('SIGKILL');
    await once(session, 'exit');
    await guard.acquire({ id: 'b' });
    await guard.close();
  });
});
