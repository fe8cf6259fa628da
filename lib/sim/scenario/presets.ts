import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetsFolder } from '../../paths.js';
import { SCENARIO } from './format.js';
import { isObject, type Json } from './json.js';
import { merge } from './merge.js';

/** Returns the GPU models that a device may use. */
export function presetNames(): string[] {
  return readdirSync(presetsFolder)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

const readPreset = (name: string): Json =>
  JSON.parse(readFileSync(join(presetsFolder, `${name}.json`), 'utf8')) as Json;

/** Returns the fields that distinguish devices, derived from the position, if the scenario sets none. */
function identity(index: number): Json {
  const hex = (digits: number) => (index + 1).toString(16).padStart(digits, '0');
  return {
    uuid: `GPU-${hex(8)}-0000-4000-8000-${hex(12)}`,
    pciBusId: `00000000:${hex(2).toUpperCase()}:00.0`,
    minor: index,
  };
}

const modelAt = (index: number, preset: string | undefined): Json => ({
  ...identity(index),
  ...(preset === undefined ? {} : readPreset(preset)),
});

/** Fills each device from its preset and its position, without overriding the scenario. */
export function complete(scenario: Json): Json {
  if (!Array.isArray(scenario.devices)) return scenario;
  const known = presetNames();
  const devices = scenario.devices.map((device: unknown, index) => {
    if (!isObject(device)) return device;
    const { preset, ...own } = device;
    // An unknown preset is already reported. Use another one, so that no missing fields are reported too.
    if (preset !== undefined && !known.includes(preset as string)) return modelAt(index, known[0]);
    return merge(modelAt(index, preset as string | undefined), own, SCENARIO.fields.devices.of);
  });
  return { ...scenario, devices };
}
