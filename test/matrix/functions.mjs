// Every driver function that gpuprobe calls, from the two lists that its C++ is compiled from.
import { readFileSync } from 'node:fs';

const ROW = /^(NVML|CUDA)_SYMBOL\((required|optional), *\d+, *(\w+),\s*\(([^)]*)\)/gm;
const LISTS = ['nvml_symbols.def', 'cuda_symbols.def'].map(
  (file) => new URL(`../../native/driver/${file}`, import.meta.url),
);

/** @type {{name: string, library: 'nvml' | 'cuda', required: boolean, parameters: string}[]} */
export const FUNCTIONS = LISTS.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(ROW)].map(([, library, need, name, parameters]) => ({
    name,
    library: library.toLowerCase(),
    required: need === 'required',
    parameters,
  })),
);

export const byName = new Map(FUNCTIONS.map((item) => [item.name, item]));
