import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetsFolder } from '../../paths.js';
import { SCENARIO } from './format.js';
import { isObject, type Json } from './json.js';
import { merge } from './merge.js';

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

const modelAt = (index: number, preset: string | undefined): Json => ({
  ...identity(index),
  ...(preset === undefined ? {} : readPreset(preset)),
});

/** Fills each device with what its preset and its position say, under what the scenario says. */
export function complete(scenario: Json): Json {
  if (!Array.isArray(scenario.devices)) return scenario;
  const known = presetNames();
  const devices = scenario.devices.map((device: unknown, index) => {
    if (!isObject(device)) return device;
    const { preset, ...own } = device;
    // One that does not exist is refused already. With another in its place nothing is said to be missing besides.
    if (preset !== undefined && !known.includes(preset as string)) return modelAt(index, known[0]);
    return merge(modelAt(index, preset as string | undefined), own, SCENARIO.fields.devices.of);
  });
  return { ...scenario, devices };
}
