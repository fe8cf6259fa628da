// The fault matrix: every driver function that gpuprobe calls x every fault that the simulator has.
//   node test/matrix/run.mjs                     all cells
//   node test/matrix/run.mjs --cell NAME         one, as a failure names it
//   node test/matrix/run.mjs --only TEXT         those with TEXT in their name
//   node test/matrix/run.mjs --faults main       one fault of each kind (npm test)
//   node test/matrix/run.mjs --faults rest       all others (npm run test:real)
//   node test/matrix/run.mjs --list              their names
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleServices } from './bundle.mjs';
import { allCells, isMain } from './cells.mjs';
import { frameCells } from './frames.mjs';
import { MISSING, writeScenario } from './machines.mjs';
import { askWell, runCells } from './pool.mjs';

/** Most of a hang is waiting, so there are more services than cores. */
const SERVICES_PER_CORE = 3;
/** A hundred times what an answer takes here; the machine may be busy, and an answer must never be taken for a hang. */
const HANG_DEADLINE_MS = '1000';
const PROGRESS_EVERY = 250;
const MOST_SHOWN = 60;

const { values } = parseArgs({
  options: {
    cell: { type: 'string' },
    only: { type: 'string', default: '' },
    faults: { type: 'string', default: 'all' },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism() * SERVICES_PER_CORE) },
    deadline: { type: 'string', default: HANG_DEADLINE_MS },
  },
});

const say = (text) => process.stdout.write(`${text}\n`);

const FAULTS = { all: () => true, main: isMain, rest: (cell) => !isMain(cell) };
if (!Object.hasOwn(FAULTS, values.faults)) {
  process.stderr.write(`--faults takes one of ${Object.keys(FAULTS).join(', ')}\n`);
  process.exit(64);
}
const chosen = [...allCells(), ...(values.faults === 'rest' ? [] : frameCells())]
  .filter(FAULTS[values.faults])
  .filter(({ id }) => (values.cell === undefined ? id.includes(values.only) : id === values.cell));

function tell({ id }, problems) {
  say(`\nnot ok ${id}\n  node test/matrix/run.mjs --cell ${id}`);
  for (const problem of problems) say(`  ${problem}`);
}

async function main(cells) {
  const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-matrix-'));
  const started = performance.now();
  await bundleServices();
  let wrong = 0;
  try {
    const onMachines = cells.filter(({ machine }) => machine !== undefined);
    const scenarios = new Map(
      [...new Map(onMachines.map((cell) => [cell.machine, cell.lacking]))].map(([name, lacking]) => [
        name,
        writeScenario(folder, name, lacking),
      ]),
    );
    const wells = {};
    for (const [name, missing] of Object.entries(MISSING))
      wells[name] = await askWell(writeScenario(folder, name, missing));
    const of = (cell) => ({
      scenario: scenarios.get(cell.machine),
      wellReport: wells[cell.base],
    });
    let done = 0;
    const matter = { cells, jobs: Number(values.jobs), hangDeadlineMs: Number(values.deadline), of };
    await runCells(matter, (cell, problems) => {
      if (problems.length > 0 && ++wrong <= MOST_SHOWN) tell(cell, problems);
      if (++done % PROGRESS_EVERY === 0) say(`${done} of ${cells.length}, ${wrong} wrong`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`\n${cells.length} cells in ${seconds} s`);
  say(`${cells.length - wrong} passed, ${wrong} failed`);
  return wrong === 0;
}

if (values.list) for (const { id } of chosen) say(id);
else if (chosen.length === 0) {
  process.stderr.write('no such cell; --list has them all\n');
  process.exitCode = 64;
} else process.exitCode = (await main(chosen)) ? 0 : 1;
