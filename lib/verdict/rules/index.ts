import type { Rule } from '../rule.js';
import { driverAbsent, libraryAbsent, platformUnsupported } from './absent.js';
import { deviceAccessRevoked, devicePermission } from './access.js';
import { cudaNvmlDisagree, freshWarmDisagree } from './agreement.js';
import { cudaContextRefused, cudaInitFailed, cudaOutOfMemory } from './cuda.js';
import { gpuLost, resetRequired } from './gpu.js';
import { devicesMissing } from './inventory.js';
import { deviceNodesUnusable, uvmNodeMissing } from './nodes.js';
import { deviceUnreadable, driverMismatch, noDevices, nvmlInitFailed } from './nvml.js';
import { driverCrashed, driverUnresponsive, probeIncomplete, probeStuck } from './process.js';
import { computeModeExclusive, memoryLow, readingsAllZero } from './readings.js';

/**
 * All rules, causes before the symptoms they absorb: of two that could explain the same symptom, the
 * earlier one takes it. Findings of one severity are reported in this order.
 */
export const RULES: readonly Rule[] = [
  platformUnsupported,
  driverAbsent,
  deviceAccessRevoked,
  devicePermission,
  deviceNodesUnusable,
  uvmNodeMissing,
  libraryAbsent,
  driverMismatch,
  gpuLost,
  resetRequired,
  noDevices,
  driverUnresponsive,
  driverCrashed,
  probeStuck,
  computeModeExclusive,
  nvmlInitFailed,
  deviceUnreadable,
  readingsAllZero,
  cudaInitFailed,
  cudaContextRefused,
  devicesMissing,
  cudaNvmlDisagree,
  freshWarmDisagree,
  cudaOutOfMemory,
  memoryLow,
  probeIncomplete,
];

/** The rule with this id, if there is one. */
export function findRule(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
