import { readFileSync } from 'node:fs';

const SYMBOLS = ['nvml_symbols.def', 'cuda_symbols.def'].map(
  (file) => new URL(`../../../native/driver/${file}`, import.meta.url),
);

let functions: ReadonlySet<string> | undefined;

/** The driver functions that a fault may strike: those that gpuprobe calls. */
export function knownFunctions(): ReadonlySet<string> {
  functions ??= new Set(
    SYMBOLS.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:NVML|CUDA)_SYMBOL\(\w+, *\d+, *(\w+),/gm)].flatMap(
        ([, name]) => name ?? [],
      ),
    ),
  );
  return functions;
}
