import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { scenariosFolder } from '../../paths.js';
import { check } from './check.js';
import { withDefaults } from './defaults.js';
import { FILE, SCENARIO, type Scenario } from './format.js';
import { isObject, type Json } from './json.js';
import { merge } from './merge.js';
import { fail, Origin } from './origin.js';
import { complete } from './presets.js';
import { type LocatedJson, NotJson, readJson } from './read-json.js';
import { statesOf } from './states.js';

function builtInNames(): string[] {
  return readdirSync(scenariosFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** Returns the scenarios of the package, by name. */
export function listScenarios(): { name: string; description: string }[] {
  return builtInNames().map((name) => ({ name, description: loadScenario(name).description }));
}

/**
 * Reads, completes and checks a scenario, including all its states.
 *
 * @param nameOrPath a built-in scenario's name, or a path: anything with a `/` or ending in `.json`
 * @throws GpuProbeError `ERR_GPUPROBE_SCENARIO_UNKNOWN`: no such scenario or file;
 * `ERR_GPUPROBE_SCENARIO_INVALID`: the message has one line per mistake, with the file, the line, the field
 * and what is allowed there
 */
export function loadScenario(nameOrPath: string): Scenario {
  const file = locate(nameOrPath, process.cwd());
  const { value, origin } = readWithBases(file, []);
  const merged = withDefaults(complete(value), SCENARIO);
  check(merged, SCENARIO, { origin, path: '', partial: false });
  origin.throwIfInvalid();
  const scenario = merged as unknown as Scenario;
  statesOf(scenario, origin);
  return scenario;
}

function locate(nameOrPath: string, directory: string): string {
  if (nameOrPath.includes('/') || nameOrPath.endsWith('.json')) return resolve(directory, nameOrPath);
  const names = builtInNames();
  if (names.includes(nameOrPath)) return join(scenariosFolder, `${nameOrPath}.json`);
  fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario "${nameOrPath}"; there are: ${names.join(', ')}`);
}

interface ReadFile {
  value: Json;
  origin: Origin;
}

function readFile(file: string): ReadFile {
  const text = readText(file);
  const { value, offsets } = parse(file, text);
  const origin = new Origin(file, text, offsets);
  check(value, FILE, { origin, path: '', partial: true });
  if (!isObject(value) || !isName(value.extends)) origin.throwIfInvalid();
  return { value: value as Json, origin };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario file ${file}`, cause);
    return new Origin(file).invalid('', `cannot be read: ${(cause as Error).message}`, cause);
  }
}

function parse(file: string, text: string): LocatedJson {
  try {
    return readJson(text);
  } catch (cause) {
    if (!(cause instanceof NotJson)) throw cause;
    return new Origin(file, text).invalidAt(cause.offset, `is not JSON: ${cause.message}`, cause);
  }
}

/** Merges a file over the file that it extends, and so on. */
function readWithBases(file: string, extending: readonly string[]): ReadFile {
  const { value, origin } = readFile(file);
  const { extends: base, ...own } = value;
  const chain = [...extending, file];
  if (base === undefined) return { value: own, origin };
  const baseFile = locate(base as string, dirname(file));
  if (chain.includes(baseFile)) origin.invalid('extends', `goes round in a circle, back to ${baseFile}`);
  const below = readWithBases(baseFile, chain);
  below.origin.throwIfInvalid();
  return { value: merge(below.value, own, FILE) as Json, origin };
}

const isName = (base: unknown) => base === undefined || typeof base === 'string';
