// CPU of the JavaScript thread for the first question of a process, which starts the warden.
import { openSource } from '../../dist/native/source.js';
import { DEADLINES } from '../bench.mjs';
import { startThreadCpu } from '../thread-cpu.mjs';

const CHUNK_MIB = 64;
const chunks = [];
for (let mib = 0; mib < Number(process.argv[2]); mib += CHUNK_MIB) {
  chunks.push(Buffer.alloc(CHUNK_MIB * 2 ** 20, 1));
}
const source = openSource({ inThread: false, libraryPath: '', simulate: 'healthy' });
const cpu = startThreadCpu();
const { nodes } = await source.ask({ kind: 'nodes', ...DEADLINES });
const cpuNs = cpu();
if (nodes === null) throw new Error('no answer');
process.stdout.write(`${JSON.stringify({ cpuNs, chunks: chunks.length })}\n`);
