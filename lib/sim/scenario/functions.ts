import { readFileSync } from 'node:fs';
import { driverFunctionsFile } from '../../paths.js';

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
    (JSON.parse(readFileSync(driverFunctionsFile, 'utf8')) as DriverFunction[]).map((one) => [one.name, one]),
  );
  return functions;
}
