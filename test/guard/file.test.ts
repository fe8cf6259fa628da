import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LedgerFile } from '../../lib/guard/ledger/file.js';
import { fileStore } from '../../lib/guard/ledger/file-store.js';
import { encodeHeader } from '../../lib/guard/ledger/format.js';
import { tryLockByte, unlockByte } from '../../lib/native/file-lock.js';
import { startService } from '../support/service.js';
import { Random } from './random.js';
import { World } from './world.js';

const LOCK_AT = 2 ** 40;

let folder = '';
let path = '';
const worlds: World[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpuprobe-guard-'));
  path = join(folder, 'guard');
});
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.guard.close();
  rmSync(folder, { recursive: true });
});

function member(maxSessions = 3, lockTimeoutMs = 2000): World {
  const world = new World({ maxSessions, file: path }, fileStore(path, lockTimeoutMs));
  worlds.push(world);
  return world;
}

const ids = (world: World) => world.guard.leases().map(({ id }) => id);

describe('one count', () => {
  it('is that of all guards of a file', async () => {
    const [a, b] = [member(), member()];
    await a.guard.acquire({ id: 'a1' });
    const lease = await b.guard.acquire({ id: 'b1' });
    await a.guard.acquire({ id: 'a2' });
    expect(ids(b).sort()).toEqual(['a1', 'a2', 'b1']);
    await expect(b.guard.acquire({ id: 'b2' })).rejects.toMatchObject({ limit: 'sessions' });
    await lease.release();
    await a.guard.acquire({ id: 'a3' });
  });

  it('keeps the leases of a guard that has gone, as orphans', async () => {
    const [a, b] = [member(), member()];
    await a.guard.acquire({ id: 'a1' });
    const told: string[] = [];
    b.guard.on('orphaned', ({ lease }) => told.push(lease.id));
    await a.guard.close();
    expect(b.guard.leases()).toMatchObject([{ id: 'a1', state: 'orphaned' }]);
    await b.guard.reconcile(['a1']);
    expect(told).toEqual(['a1']);
    expect(ids(b)).toEqual(['a1']);
    await b.guard.reconcile([]);
    expect(ids(b)).toEqual([]);
  });

  it('is out of reach for a guard that is closed, also for what it was about to do', async () => {
    const world = member();
    const lease = await world.guard.acquire({ id: 'a' });
    world.health.set({ wellAtMs: world.nowMs, looked: false });
    const late = world.guard.acquire({ id: 'b' });
    await world.guard.close();
    // Its descriptor's number is this one's now.
    const other = join(folder, 'other');
    const descriptor = openSync(other, 'w+');
    await expect(late).rejects.toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' });
    await expect(lease.release()).rejects.toMatchObject({ code: 'ERR_GPUPROBE_CLOSED' });
    lease.touch();
    world.turn();
    expect(() => world.guard.status()).toThrow(expect.objectContaining({ code: 'ERR_GPUPROBE_LEDGER' }));
    expect(statSync(other).size).toBe(0);
    closeSync(descriptor);
  });

  it('warns once among all of them', async () => {
    const [a, b] = [member(3), member(3)];
    const told: string[] = [];
    a.guard.on('warning', () => told.push('a'));
    b.guard.on('warning', () => told.push('b'));
    await a.guard.acquire({ id: '1' });
    await b.guard.acquire({ id: '2' });
    await a.guard.acquire({ id: '3' });
    expect(told).toEqual(['b']);
  });

  it('is taken in the order of the calls, however many overlap', async () => {
    const [a, b] = [member(10), member(10)];
    const all = await Promise.allSettled(
      Array.from({ length: 60 }, (_, i) => (i % 2 ? a : b).guard.acquire({ id: `${i}` })),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(ids(a)).toHaveLength(10);
  });

  it('shares signs of life', async () => {
    const [a, b] = [member(), member()];
    const lease = await a.guard.acquire({ id: 'a1' });
    a.nowMs += 5000;
    b.nowMs += 5000;
    lease.touch();
    a.turn();
    await expect.poll(() => b.guard.leases()[0]?.idleMs).toBe(0);
  });

  const ofAnotherBoot = () => {
    const header = JSON.parse(readFileSync(path, 'latin1').slice(9, 255)).gpuprobeGuard;
    const file = openSync(path, 'r+');
    writeSync(file, encodeHeader({ ...header, bootId: '00000000-0000-0000-0000-000000000000' }), 0, 256, 0);
    closeSync(file);
  };

  it('does not outlive a boot', async () => {
    const before = member();
    await before.guard.acquire({ id: 'a1' });
    ofAnotherBoot();
    await before.guard.close();
    expect(ids(member())).toEqual([]);
    await member(1).guard.acquire({ id: 'b' });
  });

  it('is not taken for one of another boot where somebody who lives sees another boot id', async () => {
    await member().guard.acquire({ id: 'a1' });
    ofAnotherBoot();
    await expect(member(1).guard.acquire({ id: 'b' })).rejects.toMatchObject({
      code: 'ERR_GPUPROBE_LEDGER',
      message: expect.stringContaining('another boot id'),
    });
  });

  it('grows and shrinks in its file without end', async () => {
    const world = member(200);
    const held = [];
    for (let i = 0; i < 200; i++)
      held.push(await world.guard.acquire({ id: `a long name for a session ${i}` }));
    for (const lease of held) await lease.release();
    for (let i = 0; i < 500; i++) await (await world.guard.acquire({ id: 'x' })).release();
    expect(statSync(path).size).toBeLessThan(2 ** 18);
    expect(ids(world)).toEqual([]);
  });
});

describe('a writer that is killed', () => {
  /** Who holds a place by that file, or why nobody can tell. */
  function held(copy: string): string[] | string {
    const file = new LedgerFile(copy);
    try {
      return [...file.read().leases.values()].map(({ id }) => id);
    } catch (error) {
      return (error as Error).message;
    } finally {
      file.close();
    }
  }

  it('at any byte of a change has changed nothing that was acknowledged', async () => {
    const world = member(5);
    for (const id of ['a', 'b', 'c']) await world.guard.acquire({ id });
    const before = readFileSync(path);
    await world.guard.acquire({ id: 'd' });
    const after = readFileSync(path);
    // The count is written first, elsewhere, and then the header; a header is written as a whole.
    const changed = [...after.keys()].filter((at) => at >= 4096 && after[at] !== before[at]);
    expect(changed.length).toBeGreaterThan(100);
    const random = new Random(7);
    for (let i = 0; i < 50; i++) {
      const torn = Buffer.from(
        before.length < after.length
          ? Buffer.concat([before, Buffer.alloc(after.length - before.length)])
          : before,
      );
      const until = changed[random.below(changed.length)] ?? 0;
      for (const at of changed) if (at < until) torn[at] = after[at] ?? 0;
      const copy = join(folder, `torn${i}`);
      writeFileSync(copy, torn);
      expect(held(copy)).toEqual(['a', 'b', 'c']);
    }
  });
});

describe('what no guard has written', () => {
  it('is refused at whatever byte it is wrong, or changes nothing', async () => {
    const world = member(5);
    for (const id of ['a', 'b', 'c']) await world.guard.acquire({ id });
    const good = readFileSync(path);
    const countOf = (file: LedgerFile) => file.tryChange((ledger) => structuredClone([...ledger.leases]));
    const known = new LedgerFile(path);
    const count = countOf(known);
    known.close();
    let refused = 0;
    for (let at = 0; at < good.length; at++) {
      // Between header and count there is nothing; of the count, some bytes do.
      if (at >= 256 && (at < 4096 || at % 7 !== 0)) continue;
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      const copy = join(folder, 'flipped');
      writeFileSync(copy, bad);
      const file = new LedgerFile(copy);
      try {
        expect(countOf(file)).toEqual(count);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_GPUPROBE_LEDGER_CORRUPT' });
        refused += 1;
      }
      file.close();
    }
    expect(refused).toBeGreaterThanOrEqual(256);
  });

  const spoilt: [string, (good: Buffer) => void][] = [
    ['text', () => writeFileSync(path, 'not a guard file\n'.repeat(400))],
    ['zeros', (good) => writeFileSync(path, Buffer.alloc(good.length))],
    ['not all of it', (good) => truncateSync(path, good.length - 100)],
    ['nothing, while guards use it', () => truncateSync(path, 0)],
  ];
  it.each(spoilt)('%s: nobody new is admitted, and removing the file is the way out', async (_, spoil) => {
    const [a, b] = [member(2), member(2)];
    const held = await a.guard.acquire({ id: 'a1' });
    await b.guard.acquire({ id: 'b1' });
    spoil(readFileSync(path));
    const error = await member(2)
      .guard.acquire({ id: 'x' })
      .catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_GPUPROBE_LEDGER_CORRUPT' });
    expect(error.message).toContain(path);
    expect(error.message).toContain('remove the file');
    rmSync(path);
    // Both still have a session: there is no room for a third once both have said so, which they do every second.
    for (const world of [a, b]) world.turn();
    await expect.poll(() => ids(a).sort()).toEqual(['a1', 'b1']);
    await expect(b.guard.acquire({ id: 'x' })).rejects.toMatchObject({ limit: 'sessions' });
    await held.release();
    await b.guard.acquire({ id: 'b2' });
  });

  it('a count that is no count lets nobody go either', async () => {
    const world = member();
    const lease = await world.guard.acquire({ id: 'a' });
    writeFileSync(path, 'x');
    await expect(lease.release()).rejects.toMatchObject({ code: 'ERR_GPUPROBE_LEDGER_CORRUPT' });
    expect(() => world.guard.status()).toThrow(/corrupt/);
  });

  it('an older copy of it is refused by whoever has seen a newer one', async () => {
    const world = member();
    await world.guard.acquire({ id: 'a' });
    const older = readFileSync(path);
    await world.guard.acquire({ id: 'b' });
    writeFileSync(path, older);
    await expect(world.guard.acquire({ id: 'c' })).rejects.toThrow(/older copy/);
  });

  it('is told as an event where the guard finds it by itself', async () => {
    const world = member();
    await world.guard.acquire({ id: 'a' });
    const told: unknown[] = [];
    world.guard.on('failure', ({ error }) => told.push((error as { code: string }).code));
    writeFileSync(path, 'x');
    world.turn();
    await expect.poll(() => told).toEqual(['ERR_GPUPROBE_LEDGER_CORRUPT']);
  });
});

describe('where it lies', () => {
  const code = { code: 'ERR_GPUPROBE_LEDGER' };
  it('is made for its owner alone, and left as it is where it is there', async () => {
    await member().guard.acquire({ id: 'a' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o660);
    await member().guard.acquire({ id: 'b' });
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  it('is not where a symbolic link leads, in no folder that is not there, and no folder', () => {
    symlinkSync(join(folder, 'elsewhere'), path);
    expect(() => fileStore(path, 1)).toThrow(
      expect.objectContaining({ ...code, message: expect.stringContaining('symbolic link') }),
    );
    expect(() => fileStore(join(folder, 'none/guard'), 1)).toThrow(expect.objectContaining(code));
    expect(() => fileStore(folder, 1)).toThrow(expect.objectContaining(code));
    expect(() => fileStore('/dev/null', 1)).toThrow(
      expect.objectContaining({ ...code, message: expect.stringContaining('not a regular file') }),
    );
  });

  it('may be in memory', async () => {
    path = `/dev/shm/gpuprobe-guard-${process.pid}`;
    try {
      await member().guard.acquire({ id: 'a' });
      expect(ids(member())).toEqual(['a']);
    } finally {
      rmSync(path);
    }
  });

  it('with no room is refused, and the count is as it was', async () => {
    path = '/dev/full';
    expect(() => fileStore(path, 1)).toThrow(expect.objectContaining(code));
  });
});

describe('the lock', () => {
  it('that another does not give back is an error with a code, and not a wait for ever', async () => {
    const world = member(3, 30);
    await world.guard.acquire({ id: 'a' });
    const other = openSync(path, 'r+');
    expect(tryLockByte(other, LOCK_AT)).toBe(true);
    await expect(world.guard.acquire({ id: 'b' })).rejects.toMatchObject({
      code: 'ERR_GPUPROBE_LEDGER_BUSY',
    });
    // Looking takes no lock.
    expect(ids(world)).toEqual(['a']);
    unlockByte(other, LOCK_AT);
    await world.guard.acquire({ id: 'b' });
  });

  it('of a process that is stopped holds others up, and of one that is killed does not', async () => {
    const world = member(3, 50);
    await world.guard.acquire({ id: 'a' });
    const child = startService('guard/services/lock-holder.mjs', { given: { path, at: LOCK_AT } });
    expect(await child.line()).toBe('true');
    child.kill('SIGSTOP');
    await expect(world.guard.acquire({ id: 'b' })).rejects.toMatchObject({
      code: 'ERR_GPUPROBE_LEDGER_BUSY',
    });
    child.kill('SIGKILL');
    await child.ended;
    await world.guard.acquire({ id: 'b' });
  });
});
