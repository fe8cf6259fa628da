// CPU of the JavaScript thread for the first question of a process, which starts the warden.
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';
import { DEADLINES } from '../bench.mjs';
import { startThreadCpu } from '../thread-cpu.mjs';

const CHUNK_MIB = 64;
const chunks = [];
for (let mib = 0; mib < Number(process.argv[2]); mib += CHUNK_MIB) {
  chunks.push(Buffer.alloc(CHUNK_MIB * 2 ** 20, 1));
}
const source = openSource({
  inThread: false,
  libraryPath: '',
  machine: startMachine({ scenario: 'healthy' }),
});
// What Node and V8 put off while a process starts is no part of this.
const SETTLE_MS = 200;
await sleep(SETTLE_MS);

const asked = startThreadCpu();
const answered = startThreadCpu();
const answer = source.ask({ kind: 'nodes', ...DEADLINES });
const askNs = asked();
const { nodes } = await answer;
const answerNs = answered();
if (nodes === null) throw new Error('no answer');
process.stdout.write(`${JSON.stringify({ askNs, answerNs, chunks: chunks.length })}\n`);
