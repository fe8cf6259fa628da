import { readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GpuProbeError } from '../../errors.js';
import { checkTogether } from './causes.js';
import { check } from './check.js';
import { flatten } from './flatten.js';
import type { Json } from './json.js';
import { merge } from './merge.js';
import { complete } from './presets.js';
import { fail, invalid } from './refusal.js';
import { FILE, SCENARIO } from './rules.js';
import type { LoadedScenario, Scenario } from './types.js';

const FOLDER = new URL('../../../native/sim/scenarios/', import.meta.url);

function builtInNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

/** The scenarios that come with the package, by name. */
export function listScenarios(): { name: string; description: string }[] {
  return builtInNames().map((name) => ({ name, description: loadScenario(name).scenario.description }));
}

/**
 * Reads, completes and checks a scenario.
 *
 * @param nameOrPath a built-in scenario's name, or a path: anything with a `/` or ending in `.json`
 * @throws GpuProbeError `ERR_GPUPROBE_SCENARIO_UNKNOWN`: no such scenario or file;
 * `ERR_GPUPROBE_SCENARIO_INVALID`: the message names the file, the field and what is allowed there
 */
export function loadScenario(nameOrPath: string): LoadedScenario {
  const file = locate(nameOrPath, process.cwd());
  const merged = complete(readWithBases(file, []));
  check(merged, SCENARIO, { file, path: '', partial: false });
  const scenario = merged as unknown as Scenario;
  checkTogether(scenario, file);
  return { name: nameOrPath, scenario, text: `format=2\n${flatten('', scenario, SCENARIO)}` };
}

function locate(nameOrPath: string, directory: string): string {
  if (nameOrPath.includes('/') || nameOrPath.endsWith('.json')) return resolve(directory, nameOrPath);
  const names = builtInNames();
  if (names.includes(nameOrPath)) return fileURLToPath(new URL(`${nameOrPath}.json`, FOLDER));
  fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario "${nameOrPath}"; there are: ${names.join(', ')}`);
}

function readFile(file: string): Json {
  let content = '';
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing) fail('ERR_GPUPROBE_SCENARIO_UNKNOWN', `no scenario file ${file}`, cause);
    invalid(file, '', `cannot be read: ${(cause as Error).message}`, cause);
  }
  try {
    const value: unknown = JSON.parse(content);
    check(value, FILE, { file, path: '', partial: true });
    return value as Json;
  } catch (cause) {
    if (cause instanceof GpuProbeError) throw cause;
    invalid(file, '', `is not JSON: ${(cause as Error).message}`, cause);
  }
}

/** A file over what it extends, over what that extends. */
function readWithBases(file: string, extending: readonly string[]): Json {
  const { extends: base, ...own } = readFile(file);
  const chain = [...extending, file];
  if (base === undefined) return own;
  const baseFile = locate(base as string, dirname(file));
  if (chain.includes(baseFile)) invalid(file, 'extends', `goes round in a circle, back to ${baseFile}`);
  return merge(readWithBases(baseFile, chain), own, FILE) as Json;
}
