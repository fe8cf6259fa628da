// @ts-check
// A process with a guard of a shared file: FILE LIMIT WITNESS. It takes and gives back places as fast as it can, and writes
// down in the witness what it holds: `+ PID ID` once it has a place, `- PID ID` before it gives that back.
import { openSync, writeSync } from 'node:fs';
import { openGuard } from './open-guard.mjs';

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
