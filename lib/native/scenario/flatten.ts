import { isObject } from './json.js';
import type { Rule } from './rules.js';

/** The lines of one value, in the order of the rules, so that lists stand in order. */
export function flatten(path: string, value: unknown, rule: Rule): string {
  const under = (key: string | number) => (path === '' ? `${key}` : `${path}.${key}`);
  if (value === undefined) return '';
  if (rule.type === 'object' && isObject(value)) {
    const lines = Object.entries(rule.fields).map(([key, field]) =>
      under(key) === 'description' ? '' : flatten(under(key), value[key], field),
    );
    // What may be null says so, or that it is there, before its fields.
    return (rule.nullable ? `${path}={}\n` : '') + lines.join('');
  }
  if (rule.type === 'list' && Array.isArray(value)) {
    return value.map((element, index) => flatten(under(index), element, rule.of)).join('');
  }
  return `${path}=${String(value)}\n`;
}
