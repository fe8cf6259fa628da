import type { Scenario } from './format.js';
import { knownFunctions } from './functions.js';

/** Returns the driver branch of the installed libraries: "12.535.261.03" belongs to 535. */
function libraryBranch({ driver }: Scenario): number {
  const branch =
    /^\d+\.(\d+)\./.exec(driver?.nvmlVersion ?? '')?.[1] ?? /^\d+/.exec(driver?.version ?? '')?.[0];
  return branch === undefined ? Number.POSITIVE_INFINITY : Number(branch);
}

/**
 * Returns the functions that the scenario's libraries do not export, in a stable order: those of later
 * drivers, and those that a fault removes.
 */
export function missingFunctions(scenario: Scenario): string[] {
  const branch = libraryBranch(scenario);
  const later = [...knownFunctions().values()].filter(({ since }) => since > branch).map(({ name }) => name);
  const removed = (scenario.faults ?? []).filter(({ missing }) => missing).map((fault) => fault.function);
  return [...new Set([...later, ...removed])].sort();
}
