import { isObject } from './json.js';
import type { Rule } from './rule.js';

/**
 * Returns a value with the format's defaults for missing fields. In a change, groups get no defaults, because
 * a change contains only what changes; the elements of lists that it replaces do.
 */
export function withDefaults(value: unknown, rule: Rule, partial = false): unknown {
  if (rule.type === 'list' && Array.isArray(value)) {
    const inner = partial && rule.byPosition === true;
    return value.map((element) => withDefaults(element, rule.of, inner));
  }
  if (rule.type !== 'object' || !isObject(value)) return value;
  const inner = partial || rule.partial === true;
  const filled = { ...value };
  for (const [key, field] of Object.entries(rule.fields)) {
    if (Object.hasOwn(value, key)) filled[key] = withDefaults(value[key], field, inner);
    else if (!inner && !field.optional) {
      const missing = field.default ?? (field.nullable ? null : undefined);
      if (missing !== undefined) filled[key] = missing;
    }
  }
  return filled;
}
