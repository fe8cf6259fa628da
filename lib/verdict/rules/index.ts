import type { Rule } from '../rule.js';
import { deviceAccessRevoked } from './access.js';
import { cudaContextRefused, cudaInitFailed, cudaOutOfMemory } from './cuda.js';
import { fdExhausted } from './descriptors.js';
import { devicesMissing } from './devices-missing.js';
import { cudaNvmlDisagree, freshWarmDisagree } from './disagreement.js';
import { driverAbsent, libraryAbsent, platformUnsupported } from './driver-missing.js';
import { encoderLimit } from './encoder.js';
import { readingsFrozen } from './frozen.js';
import { gpuLost, resetRequired } from './gpu.js';
import { memoryLeak } from './leak.js';
import { eccUncorrectable, pageRetirementPending, rowRemapFailed, rowRemapPending } from './memory.js';
import { driverMismatch } from './mismatch.js';
import { deviceNodesUnusable, deviceNodeWrong, uvmNodeMissing } from './nodes.js';
import { deviceUnreadable, noDevices, nvmlInitFailed } from './nvml.js';
import { devicePermission } from './permission.js';
import { persistenceModeOff } from './persistence.js';
import { computeModeExclusive, memoryLow, readingsAllZero, readingsImplausible } from './readings.js';
import { fabricNotReady, mpsUnavailable } from './services.js';
import { thermalThrottle } from './throttle.js';
import { driverCrashed, driverUnresponsive, probeIncomplete, probeStuck } from './unresponsive.js';
import { recoveryActionChanged, xidApplication, xidCritical, xidReported } from './xid.js';

/**
 * All rules, causes before the symptoms they absorb: if two could explain the same symptom, the earlier one
 * takes it. Findings of equal severity are reported in this order.
 */
export const RULES: readonly Rule[] = [
  platformUnsupported,
  driverAbsent,
  deviceAccessRevoked,
  devicePermission,
  deviceNodeWrong,
  deviceNodesUnusable,
  uvmNodeMissing,
  fdExhausted,
  libraryAbsent,
  driverMismatch,
  gpuLost,
  resetRequired,
  eccUncorrectable,
  rowRemapFailed,
  xidCritical,
  noDevices,
  driverUnresponsive,
  driverCrashed,
  probeStuck,
  computeModeExclusive,
  fabricNotReady,
  mpsUnavailable,
  nvmlInitFailed,
  deviceUnreadable,
  readingsAllZero,
  readingsImplausible,
  readingsFrozen,
  cudaInitFailed,
  cudaContextRefused,
  devicesMissing,
  cudaNvmlDisagree,
  freshWarmDisagree,
  cudaOutOfMemory,
  memoryLow,
  memoryLeak,
  encoderLimit,
  rowRemapPending,
  pageRetirementPending,
  thermalThrottle,
  persistenceModeOff,
  recoveryActionChanged,
  xidReported,
  xidApplication,
  probeIncomplete,
];

/** Returns the rule with this id; undefined if there is none. */
export function findRule(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
