// The matrix: every function x every fault x when it begins x where, in both isolations. A cell's name says all of it.
import { endsProcess, FAULTS, neverReturns } from './faults.mjs';
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
 * A thread cannot survive what ends its process: README says so. It is a process to each cell, so of these there are
 * fewer: who is struck on one device, or by which call, is decided below the isolation.
 * A call that spins takes a core away from all others, so of these there are fewer too: a hang stands for the rest.
 */
function isAsked(fault, { when, where }, isolation) {
  if (fault.hang === 'busy-loop') return isolation === 'process' && when !== 'second' && where === 'all';
  return isolation === 'process' || (!endsProcess(fault) && when !== 'second' && where === 'all');
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
          if (!isAsked(entry[1].fault, variant, isolation)) continue;
          cells.push(cellOf(item, entry, variant, isolation));
        }
      }
    }
  }
  const uncalled = uncalledFunctions(cells);
  return cells.filter((cell) => isWorthwhile(cell, uncalled));
}
