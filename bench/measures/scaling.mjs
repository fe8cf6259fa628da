import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSource } from '../../build/lib/native/source.js';
import { startMachine } from '../../build/lib/sim/machine.js';
import { DEADLINES } from '../bench.mjs';
import { median, timeEach } from '../statistics.mjs';

const SNAPSHOTS = 100;
const GPUS = [1, 8, 64];
const PROCESSES = [0, 1000, 10_000];
/** Of one GPU, in a scenario. */
const MOST_PROCESSES = 4096;
/** Ten thousand names take the simulator a while. */
const FEW = { samples: 5, rounds: 3 };
/** Pids that a system gives. */
const FIRST_PID = 10_000;

/**
 * A machine of its own, and what takes a snapshot of it.
 * @param {object} scenario
 * @param {boolean} lists
 */
function machineWith(scenario, lists) {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-bench-'));
  const file = join(folder, 'scenario.json');
  const driver = { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12020 };
  writeFileSync(file, JSON.stringify({ description: 'As many as are measured.', driver, ...scenario }));
  const source = openSource({ inThread: false, libraryPath: '', machine: startMachine({ scenario: file }) });
  rmSync(folder, { recursive: true });
  return async () => {
    const { checks } = await source.ask({ kind: 'telemetry', lists, ...DEADLINES });
    const snapshot = source.snapshots.read();
    const wrong = checks.find((check) => check.outcome !== 'ok');
    if (wrong !== undefined || snapshot === null)
      throw new Error(`no snapshot: ${wrong?.check} ${wrong?.outcome}`);
    return snapshot;
  };
}

/** @type {Map<string, ReturnType<typeof machineWith>>} */
const machines = new Map();

/**
 * @param {string} key
 * @param {() => ReturnType<typeof machineWith>} make
 */
function machineOf(key, make) {
  const known = machines.get(key) ?? make();
  machines.set(key, known);
  return known;
}

const withGpus = (/** @type {number} */ count) =>
  machineOf(`gpus ${count}`, () =>
    machineWith({ devices: Array.from({ length: count }, () => ({ preset: 'l4' })) }, false),
  );

const withProcesses = (/** @type {number} */ count) =>
  machineOf(`processes ${count}`, () => {
    const processes = Array.from({ length: count }, (_, i) => ({
      pid: FIRST_PID + i,
      kind: 'compute',
      usedBytes: 1 << 20,
      name: `/usr/bin/worker-${i}`,
    }));
    const devices = Array.from({ length: Math.ceil(Math.max(1, ...PROCESSES) / MOST_PROCESSES) }, (_, i) => ({
      preset: 'h100-80gb',
      processes: processes.slice(i * MOST_PROCESSES, (i + 1) * MOST_PROCESSES),
    }));
    return machineWith({ devices }, true);
  });

/**
 * A snapshot of more GPUs, for each of them: JS to JS, read as numbers.
 * @type {import('../measure.mjs').Measure}
 */
export const gpus = {
  rows: GPUS.map((count) => ({
    id: `gpus-${count}`,
    what: `snapshot of ${count} GPU${count === 1 ? '' : 's'}, for each`,
    unit: /** @type {const} */ ('time'),
    ...(count === 1 ? {} : { floor: 'of one GPU', goal: { times: 1 } }),
  })),
  async round() {
    const cost = async (/** @type {number} */ count) => {
      const read = withGpus(count);
      const { devices } = await read();
      if (devices.length !== count) throw new Error(`${devices.length} GPUs and not ${count}`);
      return median(await timeEach(SNAPSHOTS, read)) / count;
    };
    const one = await cost(1);
    const readings = { 'gpus-1': { value: one } };
    for (const count of GPUS.slice(1)) {
      Object.assign(readings, { [`gpus-${count}`]: { value: await cost(count), floor: one } });
    }
    return readings;
  },
};

/**
 * A snapshot with the lists of processes, and the name of each. The simulator looks for a name in its whole list, so that
 * the greater counts are mostly its own time.
 * @type {import('../measure.mjs').Measure}
 */
export const processes = {
  rows: PROCESSES.map((count) => ({
    id: `processes-${count}`,
    what: `snapshot of three GPUs with the lists, ${count} processes`,
    unit: /** @type {const} */ ('time'),
    ...(count === 0 ? {} : { floor: 'without processes' }),
  })),
  rounds: FEW.rounds,
  gated: false,
  async round() {
    const cost = async (/** @type {number} */ count) => {
      const read = withProcesses(count);
      const { devices } = await read();
      const listed = devices.reduce((sum, device) => sum + device.processes.value.length, 0);
      if (listed !== count) throw new Error(`${listed} processes and not ${count}`);
      return median(await timeEach(count > MOST_PROCESSES ? FEW.samples : SNAPSHOTS, read));
    };
    const none = await cost(0);
    const readings = { 'processes-0': { value: none } };
    for (const count of PROCESSES.slice(1)) {
      Object.assign(readings, { [`processes-${count}`]: { value: await cost(count), floor: none } });
    }
    return readings;
  },
};
