// The fuzz targets, and the sources of their seeds: the built-in scenarios, and what `fuzz_seeds` writes.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flatten, Generations } from '../../build/lib/sim/scenario/flatten.js';
import { loadScenario } from '../../build/lib/sim/scenario/load.js';
import { Origin } from '../../build/lib/sim/scenario/origin.js';
import { statesOf } from '../../build/lib/sim/scenario/states.js';

export const TARGETS = ['scenario_fuzz', 'world_fuzz', 'page_fuzz', 'warden_fuzz', 'service_fuzz'];

const PAGE_BYTES = 4096;
const SHARED_BYTES = 1 << 20;

/** Every built-in scenario as flat text. */
function scenarioTexts() {
  const folder = fileURLToPath(new URL('../../native/sim/scenarios', import.meta.url));
  return readdirSync(folder).map((file) => {
    const name = file.replace(/\.json$/, '');
    return { name, text: flatten(statesOf(loadScenario(name), new Origin(name)), new Generations()) };
  });
}

/**
 * A world as native/sim/format/machine_file.h lays it out, in the order in which the target reads it: the
 * header as a block, a zero for "not cut off", the segment.
 * @param {string} text
 */
function world(text) {
  const header = Buffer.alloc(56);
  header.write('gpworld1', 0, 'latin1');
  header.writeUInt32LE(1, 8);
  header.writeBigUInt64LE(1n, 16);
  header.writeUInt32LE(1000, 32);
  header.writeBigUInt64LE((BigInt(SHARED_BYTES / PAGE_BYTES) << 32n) | 1n, 40);
  const json = '{}';
  const segment = Buffer.alloc(32);
  segment.write('gpowseg1', 0, 'latin1');
  segment.writeBigUInt64LE(1n, 8);
  segment.writeBigUInt64LE(BigInt(Buffer.byteLength(text)), 16);
  segment.writeBigUInt64LE(BigInt(json.length), 24);
  const length = Buffer.alloc(2);
  const room = Math.ceil((segment.length + Buffer.byteLength(text) + json.length) / PAGE_BYTES) * PAGE_BYTES;
  header.writeBigUInt64LE(BigInt(SHARED_BYTES + room), 48);
  length.writeUInt16LE(header.length);
  return Buffer.concat([length, header, Buffer.from([0]), segment, Buffer.from(text), Buffer.from(json)]);
}

/** @param {string} folder one folder for each target */
export function writeScenarioSeeds(folder) {
  for (const target of TARGETS) mkdirSync(join(folder, target), { recursive: true });
  for (const { name, text } of scenarioTexts()) {
    writeFileSync(join(folder, 'scenario_fuzz', name), text);
    writeFileSync(join(folder, 'world_fuzz', name), world(text));
  }
}
