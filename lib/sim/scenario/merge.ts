import { isObject } from './json.js';
import type { Rule } from './rule.js';

/** Merges objects; replaces scalars and arrays; merges the list of devices by position. */
export function merge(base: unknown, own: unknown, rule: Rule | undefined): unknown {
  if (own === undefined) return base;
  if (rule?.type === 'object' && isObject(base) && isObject(own)) {
    const keys = new Set([...Object.keys(base), ...Object.keys(own)]);
    return Object.fromEntries([...keys].map((key) => [key, merge(base[key], own[key], rule.fields[key])]));
  }
  if (rule?.type === 'list' && rule.byPosition && Array.isArray(base) && Array.isArray(own)) {
    const length = Math.max(base.length, own.length);
    return Array.from({ length }, (_, index) => merge(base[index], own[index], rule.of));
  }
  return own;
}
