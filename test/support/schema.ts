import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { packageRoot } from './cli.js';

const schema = JSON.parse(readFileSync(`${packageRoot}/dist/report.schema.json`, 'utf8')) as object;
const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);

/** What the shipped JSON Schema has against a report; empty when nothing. */
export function schemaErrors(report: unknown): string[] {
  validate(report);
  return (validate.errors ?? []).map((error) => `${error.instancePath}: ${error.message}`);
}
