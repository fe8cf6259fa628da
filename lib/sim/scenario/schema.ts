import { ABOUT } from './about.js';
import { knownFunctions } from './functions.js';
import type { Json } from './json.js';
import { MOST_SECONDS } from './moment.js';
import { presetNames } from './presets.js';
import { FILE, type Rule } from './rules.js';

/** A JSON Schema's own words for one rule. */
function ofType(rule: Rule, path: string): Json {
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
      const under = (key: string) => (path === '' ? key : `${path}.${key}`);
      const properties = Object.entries(rule.fields).map(([key, field]) => [
        key,
        schemaOf(field, under(key)),
      ]);
      return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
    }
    case 'list':
      return { type: 'array', maxItems: rule.max, items: schemaOf(rule.of, `${path}[]`) };
  }
}

function schemaOf(rule: Rule, path: string): Json {
  const schema = ofType(rule, path);
  // What the timeline sets is described where it stands first.
  const description = ABOUT[path] ?? ABOUT[path.replace(/^timeline\[\]\.set\./, '')];
  const described = description === undefined ? {} : { description: description.replaceAll('`', '') };
  if (!rule.nullable) return { ...described, ...schema };
  return { ...described, anyOf: [schema, { type: 'null' }] };
}

/**
 * The JSON Schema of a scenario file, for editors. A file may leave out what it extends or a preset fills in, so
 * nothing is required here; whether all is there, and goes together, is checked when it is loaded.
 */
export function scenarioSchema(): Json {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'gpuprobe scenario',
    ...schemaOf(FILE, ''),
  };
}
