import { knownFunctions } from './functions.js';
import { isObject, type Json } from './json.js';
import { isMoment } from './moment.js';
import type { Origin } from './origin.js';
import { presetNames } from './presets.js';
import { type Fields, mayBeLeftOut, type Rule } from './rule.js';

// A control character could end a line of the flat text early.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

interface Place {
  origin: Origin;
  path: string;
  /** True for a file that may extend another: fields that merging could fill in may be missing. */
  partial: boolean;
}

/** Records every violation of the rule at the value's origin. */
export function check(value: unknown, rule: Rule, place: Place): void {
  if (value === null && rule.nullable) return;
  const problem = problemWith(value, rule, place);
  if (problem) place.origin.add(place.path, `${problem}${rule.nullable ? ', or null' : ''}`);
}

/** Returns what is allowed, if `value` is not; descends into objects and lists. */
function problemWith(value: unknown, rule: Rule, place: Place): string | undefined {
  switch (rule.type) {
    case 'text':
      if (typeof value !== 'string' || value === '') return 'must be a text that is not empty';
      if (UNPRINTABLE.test(value)) return 'must not contain control characters';
      if (Buffer.byteLength(value) > rule.bytes) return `must be at most ${rule.bytes} bytes long`;
      return !rule.pattern || rule.pattern.test(value) ? undefined : `must look like "${rule.example}"`;
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= rule.min && (value as number) <= rule.max
        ? undefined
        : `must be a whole number from ${rule.min} to ${rule.max}`;
    case 'number':
      return typeof value === 'number' && value >= rule.min && value <= rule.max
        ? undefined
        : `must be a number from ${rule.min} to ${rule.max}`;
    case 'moment':
      return isMoment(value) ? undefined : 'must be seconds from 0 to 1000000, or a time such as "12:28:18"';
    case 'choice':
      return rule.values.includes(value as string | boolean)
        ? undefined
        : `must be ${rule.values.map((allowed) => JSON.stringify(allowed)).join(' or ')}`;
    case 'function':
      return knownFunctions().has(value as string) ? undefined : `must be ${someFunctions(value)}`;
    case 'preset':
      return presetNames().includes(value as string)
        ? undefined
        : `must be one of ${presetNames().join(', ')}`;
    case 'object':
      if (!isObject(value)) return 'must be an object';
      checkFields(value, rule.fields, rule.partial ? { ...place, partial: true } : place);
      return;
    case 'list':
      if (!Array.isArray(value)) return 'must be a list';
      if (value.length > rule.max) return `must have at most ${rule.max} elements`;
      for (const [index, element] of value.entries()) {
        const partial = place.partial && rule.byPosition === true;
        check(element, rule.of, { ...place, path: `${place.path}[${index}]`, partial });
      }
  }
}

function checkFields(value: Json, fields: Fields, place: Place): void {
  const under = (key: string) => (place.path === '' ? key : `${place.path}.${key}`);
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue;
    place.origin.add(under(key), `unknown field; allowed here: ${Object.keys(fields).join(', ')}`);
  }
  for (const [key, rule] of Object.entries(fields)) {
    if (Object.hasOwn(value, key)) check(value[key], rule, { ...place, path: under(key) });
    else if (!mayBeLeftOut(rule) && !place.partial) place.origin.add(under(key), 'is missing');
  }
}

/** Returns functions that begin like the given name, because there are too many to list. */
function someFunctions(written: unknown): string {
  const names = [...knownFunctions().keys()];
  const like =
    typeof written === 'string' ? names.filter((name) => name.startsWith(written.slice(0, 8))) : [];
  return `a function of the simulated libraries, such as ${(like.length > 0 ? like : names).slice(0, 8).join(', ')}`;
}
