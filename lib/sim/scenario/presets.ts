import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetsFolder } from '../../paths.js';
import type { Json } from './json.js';
import { merge } from './merge.js';
import { SCENARIO } from './rules.js';

/** The GPU models that a device may be made from. */
export function presetNames(): string[] {
  return readdirSync(presetsFolder)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

const readPreset = (name: string): Json =>
  JSON.parse(readFileSync(join(presetsFolder, `${name}.json`), 'utf8')) as Json;

/** What tells one device from the next where the scenario does not say: all from its position. */
function identity(index: number): Json {
  const hex = (digits: number) => (index + 1).toString(16).padStart(digits, '0');
  return {
    uuid: `GPU-${hex(8)}-0000-4000-8000-${hex(12)}`,
    pciBusId: `00000000:${hex(2).toUpperCase()}:00.0`,
    minor: index,
  };
}

/** Fills each device with what its preset and its position say, under what the scenario says. */
export function complete(scenario: Json): Json {
  const rule = SCENARIO.type === 'object' ? SCENARIO.fields.devices : undefined;
  const of = rule?.type === 'list' ? rule.of : undefined;
  const devices = (Array.isArray(scenario.devices) ? (scenario.devices as Json[]) : []).map(
    ({ preset, ...own }, index) => {
      const model = preset === undefined ? {} : readPreset(preset as string);
      return merge({ ...identity(index), ...model }, own, of);
    },
  );
  return { ...scenario, devices };
}
