// Reads the simulated machine around it by one peer and by gpuprobe in turn, as one service: what each takes in time, in
// CPU of this process and of what it starts, and on the thread of the event loop.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSource } from '../../build/lib/native/source.js';
import { joinMachine } from '../../build/lib/sim/machine.js';
import { WORLD_VARIABLE } from '../../build/lib/sim/simulation.js';
import { DEADLINES } from '../bench.mjs';
import { PEERS } from '../peers/index.mjs';
import { probesOf, ranNs } from '../processes.mjs';
import { median, timeEach } from '../statistics.mjs';
import { startThreadCpu } from '../thread-cpu.mjs';

const [, , id, program = 'nvidia-smi'] = process.argv;
const PAUSE_MS = 20;
/** Linux's USER_HZ, in which the times of waited-for children are counted. */
const TICKS_PER_SECOND = 100;
const SNAPSHOTS = 300;
const PACED = 15;

const peer = PEERS.find((one) => one.id === id);
if (peer === undefined) throw new Error(`no peer ${id}`);

/** Nanoseconds of this process, of its children that have ended, and of gpuprobe's helpers, which have not. */
function cpuNs() {
  const { user, system } = process.cpuUsage();
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [children = 0, childrenSystem = 0] = fields.slice(13, 15).map(Number);
  const helpers = probesOf(process.pid).reduce((sum, { pid }) => sum + ranNs(pid), 0);
  return (user + system) * 1e3 + ((children + childrenSystem) / TICKS_PER_SECOND) * 1e9 + helpers;
}

/**
 * @param {() => unknown} read
 * @param {number} reads
 * @param {number} paced
 */
async function measure(read, reads, paced) {
  const loop = startThreadCpu();
  const before = cpuNs();
  const backToBack = median(await timeEach(reads, read));
  const cpu = (cpuNs() - before) / reads;
  const loopNs = loop() / reads;
  const pacedNs = [];
  for (let i = 0; i < paced; i++) {
    await sleep(PAUSE_MS);
    pacedNs.push(...(await timeEach(1, read)));
  }
  return { wallNs: backToBack, pacedNs: median(pacedNs), cpuNs: cpu, loopNs };
}

const source = openSource({
  inThread: false,
  libraryPath: '',
  machine: joinMachine(/** @type {string} */ (process.env[WORLD_VARIABLE])),
});
const own = async () => {
  await source.ask({ kind: 'telemetry', ...DEADLINES });
  source.snapshots.read();
};
await own();
const read = await peer.open(program);
const gpuprobe = await measure(own, SNAPSHOTS, PACED);
const other = await measure(read, peer.reads, Math.min(peer.reads, PACED));
process.stdout.write(`${JSON.stringify({ gpuprobe, peer: other })}\n`);
