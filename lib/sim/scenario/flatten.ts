import { isDeepStrictEqual } from 'node:util';
import { FLAT_STATE, type MachineState, type ScenarioFault } from './format.js';
import { isObject, type Json } from './json.js';
import type { Rule } from './rule.js';
import type { TimedState } from './states.js';

const CRASHES = { SIGSEGV: 'segv', SIGABRT: 'abort' } as const;

function effectOf({ return: code, hang, crash, exit, output }: ScenarioFault): Json {
  if (code !== undefined) return { effect: 'return', code };
  if (hang !== undefined) return { effect: hang === true ? 'hang' : hang };
  if (crash !== undefined) return { effect: CRASHES[crash] };
  if (exit !== undefined) return { effect: 'exit', code: exit };
  return output === undefined ? {} : { effect: output };
}

/**
 * Numbers for faults that identify when each was added: the simulator counts a fault's calls from then on,
 * and a change elsewhere must not reset the count.
 */
export class Generations {
  #known: Record<string, number>;
  #next: number;

  constructor({ known, next }: { known: Record<string, number>; next: number } = { known: {}, next: 1 }) {
    this.#known = known;
    this.#next = next;
  }

  of(index: number, fault: ScenarioFault): number {
    const key = `${index} ${JSON.stringify(fault)}`;
    this.#known[key] ??= this.#next++;
    return this.#known[key];
  }

  /** Returns the start values for the next change: faults of these states stay known, removed ones do not. */
  after(states: readonly TimedState[]): { known: Record<string, number>; next: number } {
    const keys = states.flatMap(({ state }) =>
      (state.faults ?? []).map((fault, index) => `${index} ${JSON.stringify(fault)}`),
    );
    const known = keys.filter((key) => key in this.#known).map((key) => [key, this.#known[key]]);
    return { known: Object.fromEntries(known), next: this.#next };
  }
}

function flatState(state: MachineState, generations: Generations): Json {
  const faults = (state.faults ?? []).filter((fault) => !fault.missing);
  return {
    ...state,
    faults: faults.map((fault, index) => ({
      ...fault,
      generation: generations.of(index, fault),
      ...effectOf(fault),
    })),
  };
}

/** Returns a value's lines that differ from `before`, in rule order, so that lists stay in order. */
function lines(path: string, value: unknown, before: unknown, rule: Rule): string {
  const under = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (value === undefined || isDeepStrictEqual(value, before)) return '';
  if (rule.type === 'object' && isObject(value)) {
    const old = isObject(before) ? before : {};
    const fields = Object.entries(rule.fields).map(([key, field]) =>
      lines(under(key), value[key], old[key], field),
    );
    // A nullable group is written as null or as present before its fields.
    return (rule.nullable ? `${path}={}\n` : '') + fields.join('');
  }
  if (rule.type === 'list' && Array.isArray(value)) {
    const old = rule.byPosition && Array.isArray(before) ? before : undefined;
    const elements = value.map((element, index) =>
      rule.byPosition
        ? lines(under(index), element, old?.[index], rule.of)
        : record(under(index), element as Json, rule.of),
    );
    return (old === undefined ? `${path}=${value.length}\n` : '') + elements.join('');
  }
  return `${path}=${String(value)}\n`;
}

/** Returns the lines of a list element, for the fields that the simulator keeps. */
function record(path: string, element: Json, rule: Rule): string {
  const fields = rule.type === 'object' ? Object.entries(rule.fields) : [];
  return fields
    .filter(([key, { member }]) => member !== undefined && element[key] !== undefined)
    .map(([key, { flat, scale }]) => {
      const value = element[key];
      const scaled = scale !== undefined && typeof value === 'number' ? Math.round(value * scale) : value;
      return `${path}.${flat ?? key}=${String(scaled)}\n`;
    })
    .join('');
}

/** Returns the flat text of a machine's states for the simulated driver; see `native/sim/SCENARIO.md`. */
export function flatten(states: readonly TimedState[], generations: Generations): string {
  let before: Json = {};
  const parts = states.map(({ atMs, frozenAtMs, state }) => {
    const flat = flatState(state, generations);
    const changed = lines('', flat, before, FLAT_STATE);
    before = flat;
    const start = atMs === 0 ? '' : `state=${atMs}\n`;
    return start + changed + (frozenAtMs === undefined ? '' : `readingsFrozenAtMs=${frozenAtMs}\n`);
  });
  return `format=2\n${parts.join('')}`;
}
