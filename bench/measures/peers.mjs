import { runChild } from '../children.mjs';
import { PEERS } from '../peers/index.mjs';

/** Spawning a program for each reading is what gpuprobe replaces (design goals); koffi is in the process itself. */
const GOALS = { backToBack: { atLeastTimes: 100 }, paced: { atLeastTimes: 10 } };
const SPAWNED = ['smi-csv', 'smi-xml', 'systeminformation'];
const MOST_ROUNDS = 5;

/**
 * @param {import('../peers/index.mjs').Peer} peer
 * @returns {import('../measure.mjs').Measure}
 */
function against({ id, what }) {
  const goals = SPAWNED.includes(id) ? GOALS : { backToBack: undefined, paced: undefined };
  /** @type {import('../measure.mjs').Row[]} */
  const rows = [
    {
      id,
      what,
      unit: 'time',
      floor: 'gpuprobe, fresh snapshot',
      goal: goals.backToBack,
      cost: "gpuprobe's five wake-ups, which are slowest where all cores sleep in between: a program that is spawned wakes one",
    },
    {
      id: `${id}-paced`,
      what: 'the same, paced 20 ms apart',
      unit: 'time',
      floor: 'gpuprobe, paced',
      goal: goals.paced,
    },
    {
      id: `${id}-cpu`,
      what: 'its CPU time, children included',
      unit: 'time',
      floor: 'gpuprobe, with its helpers',
    },
    {
      id: `${id}-loop`,
      what: 'its CPU time on the thread of the event loop',
      unit: 'time',
      floor: 'gpuprobe',
    },
  ];
  return {
    rows: rows.map(({ goal, ...row }) => (goal === undefined ? row : { ...row, goal })),
    rounds: MOST_ROUNDS,
    gated: false,
    async round(bench) {
      if (id.startsWith('smi-') && !bench.hasNvidiaSmi()) {
        throw new Error(`no ${bench.nvidiaSmi} here (--nvidia-smi PATH)`);
      }
      const { report } = await runChild('peers', [id, bench.nvidiaSmi], [], bench.simulatedEnvironment());
      const { gpuprobe, peer } = report;
      return {
        [id]: { value: peer.wallNs, floor: gpuprobe.wallNs },
        [`${id}-paced`]: { value: peer.pacedNs, floor: gpuprobe.pacedNs },
        [`${id}-cpu`]: { value: peer.cpuNs, floor: gpuprobe.cpuNs },
        [`${id}-loop`]: { value: peer.loopNs, floor: gpuprobe.loopNs },
      };
    },
  };
}

/** Other ways to the same readings, on the same simulated driver. */
export const peers = PEERS.map(against);
