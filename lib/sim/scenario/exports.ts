import type { Scenario } from './format.js';
import { knownFunctions } from './functions.js';

/** The branch of the installed libraries: "12.535.261.03" is 535's. */
function libraryBranch({ driver }: Scenario): number {
  const branch =
    /^\d+\.(\d+)\./.exec(driver?.nvmlVersion ?? '')?.[1] ?? /^\d+/.exec(driver?.version ?? '')?.[0];
  return branch === undefined ? Number.POSITIVE_INFINITY : Number(branch);
}

/**
 * The functions that the scenario's libraries do not export, in a stable order: those that a later driver brought,
 * and those that a fault removes.
 */
export function missingFunctions(scenario: Scenario): string[] {
  const branch = libraryBranch(scenario);
  const later = [...knownFunctions().values()].filter(({ since }) => since > branch).map(({ name }) => name);
  const removed = (scenario.faults ?? []).filter(({ missing }) => missing).map((fault) => fault.function);
  return [...new Set([...later, ...removed])].sort();
}
