import type { Inference } from '../../probe/report.js';
import { plural } from '../evidence.js';
import { impactOn } from '../impact.js';
import { perDevice } from '../per-device.js';
import type { Rule } from '../rule.js';

/** Memory health: ECC errors, and what was done about the affected rows and pages. */

const RESET =
  'Reset the GPU when its work is done (`nvidia-smi --gpu-reset -i INDEX`, as root), or reboot the host.';
const DETAILS = '`nvidia-smi -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT` has the details.';

/** Findings that a reset also resolves. */
export const PENDING = [{ id: 'row-remap-pending' }, { id: 'page-retirement-pending' }] as const;

/** Xids of uncorrected errors: double-bit, uncontained, escaped, in DRAM, in SRAM; and a contained one. */
const UNCORRECTED = [48, 95, 140, 171, 172];
const CONTAINED = 94;
/** Xid of a failed row remapping or page retirement. */
const RETIREMENT_FAILED = 64;

const FAILING_MEMORY: Inference = {
  cause: 'a part of the memory is failing',
  confidence: 'possible',
  because: 'it gave errors; that they come again in the same place tells it from chance',
};

export const eccUncorrectable: Rule = {
  id: 'ecc-uncorrectable',
  impact: impactOn({ starts: 'blocked', running: 'degraded' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'Uncorrected memory errors',
  meaning:
    "Since the driver was loaded, the GPU's memory has lost data that ECC could not put right. What used " +
    'that data was ended with an error, or is not to be trusted; it can happen again.',
  detection: 'ecc.volatile.uncorrected is above 0.',
  lookalikes: [
    'Errors from before the driver was loaded: ecc.aggregate counts the whole life of the board, and is no ' +
      'finding by itself.',
    'Corrected errors, however many: no data was lost.',
  ],
  source: 'https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/',
  absorbs: [
    ...PENDING,
    { id: 'xid-critical', answers: UNCORRECTED },
    { id: 'xid-reported', answers: [CONTAINED] },
  ],
  find: (view) =>
    perDevice(view, ({ ecc }, id, label) => {
      const errors = ecc?.volatile.uncorrected ?? 0;
      if (errors === 0) return null;
      const everything = ecc?.aggregate.uncorrected;
      const life = everything == null ? '' : `, ecc.aggregate.uncorrected ${everything}`;
      return {
        summary: `${label} has had ${plural(errors, 'memory error')} that ECC could not correct.`,
        observed: [`${id}: ecc.volatile.uncorrected ${errors}${life}`],
        inferred: [FAILING_MEMORY],
        remedy: [
          'Restart what ran on this GPU at that time, and distrust its results.',
          'On the host: `dmesg | grep -iE "nvrm|xid"`; Xid 48, 94 and 95 tell when, and what was hit.',
          `${RESET} That also puts the bad place out of use, where one is pending.`,
          `If it comes again: replace the card. ${DETAILS}`,
        ],
      };
    }),
};

export const rowRemapFailed: Rule = {
  id: 'row-remap-failed',
  impact: impactOn({ starts: 'blocked', running: 'degraded' }),
  action: 'replace',
  scope: 'gpu',
  title: 'A bad row of memory could not be replaced',
  meaning:
    'The GPU replaces rows of memory that give errors by spare ones, and at least once that failed. Errors in ' +
    'that row will come again.',
  detection: 'remappedRows.failure is true. The GPU keeps it for good, once it has happened.',
  lookalikes: ['A replacement that only waits for a reset: row-remap-pending.'],
  source: 'https://docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt/ (row-remapping failure)',
  absorbs: [{ id: 'xid-critical', answers: [RETIREMENT_FAILED] }],
  find: (view) =>
    perDevice(view, ({ remappedRows }, id, label) => {
      if (!remappedRows?.failure) return null;
      const { correctable, uncorrectable } = remappedRows;
      return {
        summary: `${label} could not replace a row of its memory that gives errors.`,
        observed: [
          `${id}: remappedRows.failure true; rows replaced: ${uncorrectable} uncorrectable, ` +
            `${correctable} correctable`,
        ],
        inferred: [
          {
            cause: 'the spare rows of that part of the memory are used up',
            confidence: 'likely',
            because: 'each part has few of them, and this is what happens when none is left',
          },
        ],
        remedy: [
          'Move its work to another GPU.',
          'Have the card replaced: this is what its maker takes it back for.',
          DETAILS,
        ],
      };
    }),
};

export const rowRemapPending: Rule = {
  id: 'row-remap-pending',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'A row of memory waits to be replaced',
  meaning:
    'A row of memory gave errors, and is replaced by a spare one at the next reset. Until then the driver keeps ' +
    'new work away from it.',
  detection: 'remappedRows.pending is true.',
  lookalikes: ['A replacement that failed: row-remap-failed.', 'Before Ampere: page-retirement-pending.'],
  source: 'https://docs.nvidia.com/deploy/nvml-api/ (nvmlDeviceGetRemappedRows)',
  find: (view) =>
    perDevice(view, ({ remappedRows }, id, label) =>
      remappedRows?.pending
        ? {
            summary: `${label} replaces a row of its memory at the next reset.`,
            observed: [`${id}: remappedRows.pending true`],
            inferred: [FAILING_MEMORY],
            remedy: [RESET, DETAILS],
          }
        : null,
    ),
};

export const pageRetirementPending: Rule = {
  id: 'page-retirement-pending',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'reset-gpu',
  scope: 'gpu',
  title: 'A page of memory waits to be retired',
  meaning:
    'A page of memory gave errors, and is taken out of use when the driver is next loaded. Until then work may ' +
    'still meet it.',
  detection: 'retiredPages.pending is true.',
  lookalikes: ['Pages retired earlier, which are out of use: no finding.', 'On Ampere: row-remap-pending.'],
  source: 'https://docs.nvidia.com/deploy/dynamic-page-retirement/',
  find: (view) =>
    perDevice(view, ({ retiredPages }, id, label) =>
      retiredPages?.pending
        ? {
            summary: `${label} takes a page of its memory out of use when the driver is next loaded.`,
            observed: [
              `${id}: retiredPages.pending true; ${retiredPages.singleBit ?? 'n/a'} single-bit, ` +
                `${retiredPages.doubleBit ?? 'n/a'} double-bit`,
            ],
            inferred: [FAILING_MEMORY],
            remedy: [RESET, DETAILS],
          }
        : null,
    ),
};
