import { check } from './check.js';
import { withDefaults } from './defaults.js';
import { CHANGE, type MachineChange } from './format.js';
import { isObject, type Json } from './json.js';
import { Origin } from './origin.js';
import type { Rule } from './rule.js';

/** Checks a requested change of a machine, and fills in its defaults. */
export function change(wanted: unknown, origin: Origin): MachineChange {
  check(wanted, CHANGE, { origin, path: '', partial: true });
  origin.throwIfInvalid();
  return withDefaults(wanted, CHANGE) as MachineChange;
}

/** Splits `a.0.b` and `a[0].b` into parts. */
const partsOf = (path: string): string[] => path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function ruleAt(parts: readonly string[], origin: Origin): void {
  let rule: Rule = CHANGE;
  for (const [index, part] of parts.entries()) {
    const path = parts.slice(0, index).join('.');
    if (rule.type === 'list' && !rule.byPosition) {
      origin.invalid(path, `is a list, which is set as a whole: '${path}=[…]'`);
    }
    if (rule.type === 'list' && !/^\d{1,3}$/.test(part)) origin.invalid(path, 'needs a position, such as 0');
    const inner: Rule | undefined =
      rule.type === 'list'
        ? rule.of
        : rule.type === 'object' && Object.hasOwn(rule.fields, part)
          ? rule.fields[part]
          : undefined;
    if (inner === undefined) {
      const allowed = rule.type === 'object' ? `; there are: ${Object.keys(rule.fields).join(', ')}` : '';
      origin.invalid(parts.slice(0, index + 1).join('.'), `no such field${allowed}`);
    }
    rule = inner;
  }
}

/** Sets a value at the path, creating what is missing on the way. */
function put(target: Json | unknown[], parts: readonly string[], value: unknown): void {
  const [part = '', ...rest] = parts;
  const key = Array.isArray(target) ? Number(part) : part;
  const holder = target as Record<string | number, unknown>;
  if (Array.isArray(target)) while (target.length <= Number(part)) target.push({});
  if (rest.length === 0) {
    holder[key] = value;
    return;
  }
  const inner = holder[key];
  if (!isObject(inner) && !Array.isArray(inner)) holder[key] = /^\d+$/.test(rest[0] ?? '') ? [] : {};
  put(holder[key] as Json, rest, value);
}

/**
 * Parses `FIELD=VALUE` words: `devices.1.lost=true`, `access=revoked`, `faults=[{"function":…}]`. A value
 * that is not JSON is a string.
 * @throws GpuProbeError ERR_GPUPROBE_SCENARIO_INVALID
 */
export function parseAssignments(words: readonly string[]): Json {
  const origin = new Origin('change');
  const wanted: Json = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) origin.invalid('', `${JSON.stringify(word)} is not FIELD=VALUE`);
    const parts = partsOf(word.slice(0, equals));
    ruleAt(parts, origin);
    put(wanted, parts, parseValue(word.slice(equals + 1)));
  }
  return wanted;
}
