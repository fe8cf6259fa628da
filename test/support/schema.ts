import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { packageRoot } from './cli.js';

const schema = JSON.parse(readFileSync(`${packageRoot}/dist/report.schema.json`, 'utf8')) as object;
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true }).addSchema(schema, 'report');

/** Returns the errors of the shipped JSON Schema for a report, or for a part of one; empty if none. */
export function schemaErrors(value: unknown, type = 'Report'): string[] {
  const validate = ajv.getSchema(`report#/definitions/${type}`);
  if (validate === undefined) throw new Error(`the schema has no ${type}`);
  validate(value);
  return (validate.errors ?? []).map((error) => `${error.instancePath}: ${error.message}`);
}
