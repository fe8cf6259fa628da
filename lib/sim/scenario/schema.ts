import { FILE } from './format.js';
import { knownFunctions } from './functions.js';
import type { Json } from './json.js';
import { MOST_SECONDS } from './moment.js';
import { presetNames } from './presets.js';
import type { Rule } from './rule.js';

/** Returns the JSON Schema of one rule's type. */
function ofType(rule: Rule): Json {
  switch (rule.type) {
    case 'text':
      return {
        type: 'string',
        minLength: 1,
        maxLength: rule.bytes,
        ...(rule.pattern ? { pattern: rule.pattern.source } : {}),
      };
    case 'integer':
      return { type: 'integer', minimum: rule.min, maximum: rule.max };
    case 'number':
      return { type: 'number', minimum: rule.min, maximum: rule.max };
    case 'moment':
      return {
        anyOf: [
          { type: 'number', minimum: 0, maximum: MOST_SECONDS },
          { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d$' },
        ],
      };
    case 'choice':
      return { enum: [...rule.values] };
    case 'function':
      return { enum: [...knownFunctions().keys()] };
    case 'preset':
      return { enum: presetNames() };
    case 'object': {
      const properties = Object.entries(rule.fields).map(([key, field]) => [key, schemaOf(field)]);
      return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
    }
    case 'list':
      return { type: 'array', maxItems: rule.max, items: schemaOf(rule.of) };
  }
}

function schemaOf(rule: Rule): Json {
  const schema = ofType(rule);
  const described = rule.doc === undefined ? {} : { description: rule.doc.replaceAll('`', '') };
  if (!rule.nullable) return { ...described, ...schema };
  return { ...described, anyOf: [schema, { type: 'null' }] };
}

/**
 * Returns the JSON Schema of a scenario file, for editors. A file may leave out what its base or a preset
 * provides, so nothing is required here; completeness and consistency are checked when it is loaded.
 */
export function scenarioSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'gpuprobe scenario',
    ...schemaOf(FILE),
  };
}

/** Returns each field's documentation by path; `[]` is any element. Skips the repeated fields of `set`. */
export function documentedFields(rule: Rule = FILE, path = ''): [string, string][] {
  const own: [string, string][] = rule.doc === undefined ? [] : [[path, rule.doc]];
  if (rule.type === 'list') return [...own, ...documentedFields(rule.of, `${path}[]`)];
  if (rule.type !== 'object' || rule.partial) return own;
  const under = (key: string) => (path === '' ? key : `${path}.${key}`);
  const inner = Object.entries(rule.fields).flatMap(([key, field]) => documentedFields(field, under(key)));
  return [...own, ...inner];
}
