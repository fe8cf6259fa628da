import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGpuProbe, createGuard } from '../../dist/index.js';
import { median, timeEach } from '../statistics.mjs';

const PAIRS = 500;
/** Sessions that are there already, as on a busy GPU. */
const HELD = 4;

/** @param {import('../../dist/index.js').Guard} guard */
async function takeAndGiveBack(guard) {
  const lease = await guard.acquire({ id: 'one more' });
  await lease.release();
}

/**
 * What a session pays for its place: taking it and giving it back, beside four that are taken. Without a file it is
 * counted in memory; with one, each of both is a change of the file under its lock, which is not synced to a disk.
 * @type {import('../measure.mjs').Measure}
 */
export const guard = {
  rows: [
    {
      id: 'guard-memory',
      what: 'guard: acquire and release, one process',
      unit: 'time',
      goal: { atMost: 20e3 },
    },
    {
      id: 'guard-file',
      what: 'guard: acquire and release, count in a file',
      unit: 'time',
      floor: 'two writes each of the same bytes, no lock',
      goal: { atMost: 1e6 },
    },
  ],
  async round() {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-bench-'));
    const gpu = createGpuProbe({ simulate: 'healthy', logger: false });
    const alone = createGuard(gpu, { maxSessions: 100 });
    const shared = createGuard(gpu, { maxSessions: 100, file: join(folder, 'guard') });
    try {
      for (let i = 0; i < HELD; i++) {
        await alone.acquire({ id: `${i}` });
        await shared.acquire({ id: `${i}` });
      }
      const inMemory = await timeEach(PAIRS, () => takeAndGiveBack(alone));
      const inFile = await timeEach(PAIRS, () => takeAndGiveBack(shared));
      const plain = openSync(join(folder, 'plain'), 'w');
      const [header, count] = [Buffer.alloc(256), Buffer.alloc(256 * HELD)];
      const floor = await timeEach(PAIRS, () => {
        for (let change = 0; change < 2; change++) {
          writeSync(plain, count, 0, count.length, 4096);
          writeSync(plain, header, 0, header.length, 0);
        }
      });
      closeSync(plain);
      return {
        'guard-memory': { value: median(inMemory) },
        'guard-file': { value: median(inFile), floor: median(floor) },
      };
    } finally {
      await alone.close();
      await shared.close();
      await gpu.close();
      rmSync(folder, { recursive: true });
    }
  },
};
