import { readFileSync } from 'node:fs';
import { driverFunctionsFile } from '../../paths.js';

/** An exported function of the simulated driver. */
export interface DriverFunction {
  name: string;
  /** The first driver branch that exports it. */
  since: number;
  /** As declared in C. */
  parameters: string;
}

let functions: ReadonlyMap<string, DriverFunction> | undefined;

/** Returns the functions that the simulated libraries export, by name: a fault can affect any of them. */
export function knownFunctions(): ReadonlyMap<string, DriverFunction> {
  functions ??= new Map(
    (JSON.parse(readFileSync(driverFunctionsFile, 'utf8')) as DriverFunction[]).map((one) => [one.name, one]),
  );
  return functions;
}
