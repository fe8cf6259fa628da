import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { ABOUT } from '../../lib/sim/scenario/about.js';
import { FILE, type Rule } from '../../lib/sim/scenario/rules.js';
import { listScenarios, loadScenario, scenarioSchema } from '../../lib/sim/scenario.js';
import { packageRoot } from '../support/cli.js';

const document = readFileSync(join(packageRoot, 'native/sim/SCENARIO.md'), 'utf8');

/** Every field that a file may have, as the table writes them. */
function pathsOf(rule: Rule, path = ''): string[] {
  const own = path === '' ? [] : [path];
  if (rule.type === 'list') return [...own, ...pathsOf(rule.of, `${path}[]`)];
  if (rule.type !== 'object') return own;
  const inner = Object.entries(rule.fields).flatMap(([key, field]) =>
    pathsOf(field, path === '' ? key : `${path}.${key}`),
  );
  return [...own, ...inner];
}

describe('SCENARIO.md', () => {
  it('has the table of fields as the schema quotes it', () => {
    for (const [path, meaning] of Object.entries(ABOUT)) {
      expect(document).toContain(`| \`${path}\` | ${meaning} |\n`);
    }
    const rows = document.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThanOrEqual(Object.keys(ABOUT).length);
  });

  it('describes fields that there are', () => {
    const paths = new Set(pathsOf(FILE));
    expect(Object.keys(ABOUT).filter((path) => !paths.has(path))).toEqual([]);
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

describe('the scenarios that come with gpuprobe', () => {
  const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(scenarioSchema());

  it.each(listScenarios().map(({ name }) => name))('%s is what the schema allows', (name) => {
    const file = JSON.parse(readFileSync(join(packageRoot, `native/sim/scenarios/${name}.json`), 'utf8'));
    expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
  });
});
