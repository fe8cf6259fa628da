import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a snapshot has, in its words. */
const FIELDS = [
  ...['index', 'uuid', 'name', 'pci.bus_id', 'memory.total', 'memory.used', 'memory.free', 'memory.reserved'],
  ...['utilization.gpu', 'utilization.memory', 'temperature.gpu', 'power.draw', 'enforced.power.limit'],
  ...['clocks.sm', 'clocks.mem', 'clocks_throttle_reasons.active', 'compute_mode', 'persistence_mode'],
  ...['encoder.stats.sessionCount', 'encoder.stats.averageFps', 'encoder.stats.averageLatency'],
  ...['ecc.mode.current', 'ecc.errors.corrected.volatile.total', 'ecc.errors.uncorrected.volatile.total'],
  ...['pcie.link.gen.current', 'pcie.link.width.current', 'driver_version'],
];

/**
 * @param {string[]} args
 * @param {RegExp} expected so that a run that failed is not timed
 */
const spawned = (args, expected) => async (/** @type {string} */ program) => {
  const read = async () => {
    const { stdout } = await run(program, args);
    if (!expected.test(stdout)) throw new Error(`${program} said: ${stdout.slice(0, 200)}`);
  };
  await read();
  return read;
};

/** @type {import('./index.mjs').Peer[]} */
export const nvidiaSmi = [
  {
    id: 'smi-csv',
    what: 'nvidia-smi --query-gpu of the same values, csv, spawned',
    reads: 6,
    open: spawned([`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader'], /RTX 2000 Ada/),
  },
  {
    id: 'smi-xml',
    what: 'nvidia-smi -q -x, spawned',
    reads: 4,
    open: spawned(['-q', '-x'], /<product_name>NVIDIA RTX 2000 Ada/),
  },
];
