import type { Json } from '../../lib/sim/scenario/json.js';

/** GPUs of four kinds, and on the first one all that a GPU can have. Frozen, so that energy is the same twice. */
export const EVERY_MODEL: Json = {
  description: 'GPUs of four models.',
  readings: 'frozen',
  driver: { version: '535.261.03', nvmlVersion: '12.535.261.03', cudaVersion: 12020 },
  devices: [
    {
      preset: 'a100-40gb',
      memory: { usedBytes: 20_000_000_123 },
      clockEventReasons: 0x1ff,
      computeMode: 3,
      persistenceMode: 0,
      ecc: {
        pending: false,
        volatile: { corrected: 3, uncorrected: 4 },
        aggregate: { corrected: 5, uncorrected: 6 },
      },
      remappedRows: { correctable: 1, uncorrectable: 2, pending: true, failure: true },
      processes: [
        { pid: 400, kind: 'mps-compute', usedBytes: 1_048_576, name: '/opt/client of mps' },
        { pid: 300, kind: 'compute', usedBytes: null, name: 'server' },
        { pid: 500, kind: 'graphics', usedBytes: 3_145_728, name: 'both' },
        { pid: 500, kind: 'compute', usedBytes: 3_145_728, name: 'both' },
      ],
    },
    { preset: 't4', retiredPages: { singleBit: 2, doubleBit: 1, pending: true } },
    { preset: 'rtx-3080' },
    { preset: 'h100-80gb', migMode: 1 },
  ],
};
