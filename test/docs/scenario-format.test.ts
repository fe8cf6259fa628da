import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { RECORDS } from '../../lib/sim/scenario/format.js';
import { documentedFields } from '../../lib/sim/scenario/schema.js';
import { listScenarios, loadScenario, scenarioSchema } from '../../lib/sim/scenario.js';
import { packageRoot } from '../support/cli.js';

const document = readFileSync(join(packageRoot, 'native/sim/SCENARIO.md'), 'utf8');

describe('SCENARIO.md', () => {
  it('has the table of fields as the format declares them', () => {
    const table = documentedFields().map(([path, doc]) => `| \`${path}\` | ${doc} |`);
    const rows = document.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.join('\n')).toBe(table.join('\n'));
  });

  it('has an example that loads', () => {
    const example = /^```json\n([\s\S]*?)^```$/m.exec(document)?.[1] ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-docs-'));
    writeFileSync(join(folder, 'example.json'), example);
    const scenario = loadScenario(join(folder, 'example.json'));
    rmSync(folder, { recursive: true });
    expect(scenario.devices.map(({ name }) => name)).toEqual(['NVIDIA L4', 'NVIDIA L4']);
    expect(scenario.timeline).toHaveLength(2);
  });
});

describe('fields.def', () => {
  it('is what `npm run build:fields` writes', async () => {
    const { fieldsDef } = await import(join(packageRoot, 'native/sim/format/fields.mjs'));
    const written = readFileSync(join(packageRoot, 'native/sim/format/fields.def'), 'utf8');
    expect(written).toBe(fieldsDef(RECORDS));
  });
});

describe('the scenarios that come with gpuprobe', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(scenarioSchema());

  it.each(listScenarios().map(({ name }) => name))('%s is what the schema allows', (name) => {
    const file = JSON.parse(readFileSync(join(packageRoot, `native/sim/scenarios/${name}.json`), 'utf8'));
    expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
  });
});
