import { isObject } from './json.js';
import type { Rule } from './rule.js';

/**
 * A value with what it leaves out and the format has a default for. A change says only what it changes: its groups get
 * none, but the elements of the lists that it replaces do.
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
