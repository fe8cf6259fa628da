// npm run build:functions: the functions of the simulated driver, from the symbol lists of native/ into
// dist/driver-functions.json, so that the lists themselves need not ship. With a path: into that file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const LISTS = ['driver/nvml_symbols.def', 'driver/cuda_symbols.def', 'sim/nvml/extra_symbols.def'];
/** The first driver branch that exports it, its name, and its parameters as C declares them. */
const ROW = /^(?:NVML|CUDA)_SYMBOL\(\w+, *(\d+), *(\w+),\s*\(([^)]*)\)/gm;

const functions = LISTS.flatMap((list) => {
  const text = readFileSync(new URL(list, import.meta.url), 'utf8');
  return [...text.matchAll(ROW)].map(([, since, name, parameters]) => ({
    name,
    since: Number(since),
    parameters,
  }));
});
const file = argv[2] ?? fileURLToPath(new URL('../dist/driver-functions.json', import.meta.url));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(functions)}\n`);
