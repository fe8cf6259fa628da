// The matrix: every function x every fault x when it begins x where, in both isolations. A cell's name says all of it.
import { FAULTS, neverReturns, ONE_OF_EACH } from './faults.mjs';
import { FUNCTIONS } from './functions.mjs';
import { ELDER, MISSING } from './machines.mjs';
import { promiseOf } from './promises.mjs';

const TAKES_DEVICE = /^(nvmlDevice(?!GetCount)|cuDevice(?!GetCount)|cuCtx|cuMem)/;
const SECOND_DEVICE = 1;

/**
 * `first`: from the first call, in processes that open the driver under it. `second`: from the second call on. `live`:
 * from one moment to the next, with the driver open in the processes that stay.
 */
const WHENS = { first: {}, second: { fromCall: 2 }, live: {} };
const ISOLATIONS = ['process', 'thread'];
/** In thread mode: with the driver open, or opened under the fault. */
const LIVE_IN_THREAD = ['nvml=-7', 'cuda=-7', 'delay'];
const IN_THREAD = [
  'nvml=999',
  'cuda=999',
  'hang',
  'garbage',
  'unterminated',
  'absurd-count',
  'missing',
  ...LIVE_IN_THREAD,
];

/** An elder function is only asked where the newer one is not there. */
const machineOf = (name) => (Object.values(ELDER).includes(name) ? 'elder' : 'modern');

function* variants(item, fault) {
  if (fault.missing) {
    yield { when: 'first', where: 'all' };
    return;
  }
  for (const when of Object.keys(WHENS)) {
    yield { when, where: 'all' };
    if (when !== 'second' && TAKES_DEVICE.test(item.name)) yield { when, where: 'one' };
  }
}

function cellOf(item, [faultName, { fault }], { when, where }, isolation) {
  const machine = machineOf(item.name);
  const lacking = [...MISSING[machine], ...(fault.missing ? [item.name] : [])];
  const placed = where === 'one' ? { device: SECOND_DEVICE } : {};
  return {
    id: [item.name, faultName, when, where, isolation].join('/'),
    machine: fault.missing ? `without-${item.name}` : machine,
    base: machine,
    lacking,
    fault: fault.missing ? undefined : { function: item.name, ...fault, ...WHENS[when], ...placed },
    warm: when === 'live',
    inThread: isolation === 'thread',
    hangs: neverReturns(fault),
  };
}

/**
 * Who is struck, and from which call on, is decided above the fault, so there one fault of each kind will do. A call
 * that spins takes a core away from all others: a hang stands for it there. A thread cannot survive what ends its
 * process, as README says, and is a process to each cell.
 */
function isAsked(name, { when, where }, isolation) {
  if (isolation === 'thread')
    return (
      IN_THREAD.includes(name) && (when === 'first') === !LIVE_IN_THREAD.includes(name) && where === 'all'
    );
  return (when !== 'second' && where === 'all') || ONE_OF_EACH.includes(name);
}

/** Of a function that no probe calls there is one cell for each fault, in which nothing may come of it. */
function isWorthwhile(cell, uncalled) {
  const [name, , when, where] = cell.id.split('/');
  if (cell.fault === undefined) return true;
  return uncalled.has(name) ? when === 'first' && where === 'all' : promiseOf(cell).struck;
}

function uncalledFunctions(cells) {
  const called = cells.filter((cell) => cell.fault !== undefined && promiseOf(cell).struck);
  const names = new Set(called.map((cell) => cell.fault.function));
  return new Set(FUNCTIONS.map(({ name }) => name).filter((name) => !names.has(name)));
}

/** All cells in which a call is struck, or might be. */
export function allCells() {
  const cells = [];
  for (const item of FUNCTIONS) {
    for (const entry of Object.entries(FAULTS)) {
      if (entry[1].applies?.(item) === false) continue;
      for (const variant of variants(item, entry[1].fault)) {
        for (const isolation of ISOLATIONS) {
          if (!isAsked(entry[0], variant, isolation)) continue;
          cells.push(cellOf(item, entry, variant, isolation));
        }
      }
    }
  }
  const uncalled = uncalledFunctions(cells);
  return cells.filter((cell) => isWorthwhile(cell, uncalled));
}

/** True for cells with one fault of each kind, a missing function, or a false warden. The others vary these. */
export function isMain({ id, fault }) {
  return fault === undefined || ONE_OF_EACH.includes(id.split('/')[1]);
}
