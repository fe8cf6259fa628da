import { existsSync, readFileSync } from 'node:fs';

const LISTS = ['driver/nvml_symbols.def', 'driver/cuda_symbols.def', 'sim/nvml/extra_symbols.def'].map(
  (file) => new URL(`../../../native/${file}`, import.meta.url),
);
const ROW = /^(?:NVML|CUDA)_SYMBOL\(\w+, *(\d+), *(\w+),\s*\(([^)]*)\)/gm;

/** An exported function of the simulated driver. */
export interface DriverFunction {
  name: string;
  /** The first driver branch that exports it. */
  since: number;
  /** As C declares them. */
  parameters: string;
}

let functions: ReadonlyMap<string, DriverFunction> | undefined;

/** The functions that the simulated libraries export, by name: those that a fault may strike. */
export function knownFunctions(): ReadonlyMap<string, DriverFunction> {
  functions ??= new Map(
    LISTS.filter((file) => existsSync(file)).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(ROW)].map(([, since, name = '', parameters = '']) => [
        name,
        { name, since: Number(since), parameters },
      ]),
    ),
  );
  return functions;
}
