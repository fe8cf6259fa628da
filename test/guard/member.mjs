// A process with a guard of a shared file, over a GPU that is always well: FILE LIMIT WITNESS. It takes and gives back
// places as fast as it can, and writes down in the witness what it holds: `+ PID ID` once it has a place, `- PID ID`
// before it gives that back.
import { openSync, writeSync } from 'node:fs';
import { Guard } from '../../build/lib/guard/guard.js';
import { fileStore } from '../../build/lib/guard/ledger/file-store.js';
import { resolveGuardOptions } from '../../build/lib/guard/options.js';
import { systemProcesses } from '../../build/lib/guard/processes.js';
import { elapsedClock } from '../../build/lib/native/clock.js';

const now = elapsedClock();

/** A monitor that sees a GPU which is well. */
const health = {
  read: () => ({
    simulated: false,
    looked: true,
    fault: null,
    wellAtMs: now(),
    suspended: false,
    unseen: null,
    nextCanaryMs: null,
    dark: 'nobody reads NVML here',
    readingsAtMs: null,
    freeBytes: null,
    encoderSessions: null,
    listsAtMs: null,
    processes: null,
    encoderPids: null,
  }),
  look: async () => {},
  wake: async () => {},
  readLists: async () => {},
  onChange: () => () => {},
};

/** @param {string} file @param {number} maxSessions */
export function openGuard(file, maxSessions) {
  return new Guard({
    options: resolveGuardOptions({ maxSessions, file, lockTimeoutMs: 10_000, releaseTimeoutMs: 0 }),
    store: fileStore(file, 10_000),
    processes: systemProcesses(),
    health,
    now,
    every(ms, run) {
      const timer = setInterval(run, ms).unref();
      return () => clearInterval(timer);
    },
  });
}

async function live() {
  const [file = '', limit = '1', witness = ''] = process.argv.slice(2);
  const guard = openGuard(file, Number(limit));
  const log = openSync(witness, 'a');
  const held = [];
  process.stdout.write('ready\n');
  for (let round = 0; ; round++) {
    const id = `${process.pid}.${round}`;
    // Its session is in this process, and ends with it.
    const lease = await guard.acquire({ id, pids: [process.pid] }).catch((error) => {
      if (error.code !== 'ERR_GPUPROBE_LIMIT') throw error;
    });
    if (lease !== undefined) {
      writeSync(log, `+ ${process.pid} ${id}\n`);
      held.push(lease);
    }
    if (held.length > 1 || lease === undefined) {
      const last = held.pop();
      if (last !== undefined) {
        writeSync(log, `- ${process.pid} ${last.id}\n`);
        await last.release();
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    }
  }
}

if (process.argv[1]?.endsWith('member.mjs') && process.argv.length > 3) await live();
