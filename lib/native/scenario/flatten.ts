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
    const elements = value.map((element, index) => flatten(under(index), element, rule.of));
    return `${path}=${value.length}\n${elements.join('')}`;
  }
  const fault = /^(faults\.\d+)\.(return|hang)$/.exec(path);
  if (fault?.[2] === 'hang') return `${fault[1]}.effect=hang\n`;
  if (fault !== null) return `${fault[1]}.effect=return\n${fault[1]}.code=${String(value)}\n`;
  return `${path}=${String(value)}\n`;
}
