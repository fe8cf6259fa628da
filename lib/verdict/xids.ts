import type { Severity } from '../probe/report.js';

/**
 * The catalogue of Xids: what the driver reports in the kernel log, and through NVML's events, when something
 * goes wrong on a GPU. Codes, names and actions are those of NVIDIA's own catalogue; the numbers are
 * nverror.h's.
 */
export const XID_SOURCE = 'https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html';

/** What helps, corresponding to NVIDIA's RESTART_APP, RESET_GPU, RESTART_BM and so on. */
export type XidAction = 'none' | 'restart-app' | 'reset' | 'reboot' | 'support' | 'as-logged';

/** What is at fault, as far as the code tells. */
export type XidFault = 'application' | 'engine' | 'memory' | 'link' | 'bus' | 'driver' | 'notice';

export interface Xid {
  code: number;
  /** As in nverror.h. */
  name: string;
  /** What happened, for the middle of a sentence. */
  what: string;
  fault: XidFault;
  /** `critical`: new work is not safe until the action is taken. `info`: not counted against the GPU. */
  severity: Severity;
  action: XidAction;
}

/** An engine error that ends the work on the engine, but not the GPU. */
const engine = (name: string): [string, string, XidFault, Severity, XidAction] => [
  `ROBUST_CHANNEL_${name}_ERROR`,
  `an error of the engine ${name} ended the work on it`,
  'engine',
  'warning',
  'restart-app',
];

const nvlink = (name: string): [string, string, XidFault, Severity, XidAction] => [
  `NVLINK_${name}_ERROR`,
  `an NVLink error of the unit ${name}; the kernel log's line says whether it is fatal`,
  'link',
  'warning',
  'support',
];

/**
 * NVIDIA's own device plugin treats 13, 31, 43, 45, 68 and 109 as application faults, and never takes a GPU
 * out of use for them (NVIDIA/k8s-device-plugin internal/rm/health.go); the catalogue does the same for 11,
 * 25 and 69. The catalogue itself asks for a reset after 109, from driver 570 on.
 */
const TABLE: Readonly<Record<number, [name: string, what: string, XidFault, Severity, XidAction]>> = {
  8: [
    'ROBUST_CHANNEL_FIFO_ERROR_IDLE_TIMEOUT',
    'a channel stopped making progress',
    'engine',
    'warning',
    'restart-app',
  ],
  11: [
    'ROBUST_CHANNEL_GR_ERROR_MISSING_HW',
    'an invalid command stream',
    'application',
    'info',
    'restart-app',
  ],
  13: [
    'ROBUST_CHANNEL_GR_EXCEPTION',
    'an exception of the graphics engine, as of an access out of bounds',
    'application',
    'info',
    'restart-app',
  ],
  25: ['ROBUST_CHANNEL_GR_ILLEGAL_NOTIFY', 'an illegal command stream', 'application', 'info', 'restart-app'],
  31: [
    'ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT',
    'a page fault: an illegal address was used',
    'application',
    'info',
    'restart-app',
  ],
  32: [
    'ROBUST_CHANNEL_PBDMA_ERROR',
    'a command stream arrived corrupted, mostly by a bad PCIe link',
    'bus',
    'warning',
    'restart-app',
  ],
  38: [
    'ROBUST_CHANNEL_FECS_ERR_WATCHDOG_TIMEOUT',
    "an error of the driver's firmware",
    'driver',
    'warning',
    'support',
  ],
  39: engine('CE0'),
  40: engine('CE1'),
  41: engine('CE2'),
  43: [
    'ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR',
    'a program hit a fault of its own and was ended; the GPU is well',
    'application',
    'info',
    'none',
  ],
  44: [
    'ROBUST_CHANNEL_GR_FAULT_DURING_CTXSW',
    'a fault during a context switch',
    'engine',
    'warning',
    'support',
  ],
  45: [
    'ROBUST_CHANNEL_PREEMPTIVE_REMOVAL',
    'the work of a program that ended, or was ended, was cleaned up',
    'application',
    'info',
    'none',
  ],
  46: ['ROBUST_CHANNEL_GPU_TIMEOUT_ERROR', 'the GPU stopped processing', 'engine', 'critical', 'reset'],
  48: [
    'ROBUST_CHANNEL_GPU_ECC_DBE',
    'a memory error that ECC could not correct',
    'memory',
    'critical',
    'reset',
  ],
  54: [
    'SILENT_RUNNING_PWR_REDUCED_CLOCKING',
    'the auxiliary power of the board is not connected',
    'bus',
    'warning',
    'support',
  ],
  60: [
    'ROBUST_CHANNEL_SEC2_ERROR',
    'an exception of the video processor',
    'engine',
    'warning',
    'restart-app',
  ],
  61: ['PMU_BREAKPOINT', 'the power controller of the GPU hit a breakpoint', 'driver', 'critical', 'reset'],
  62: ['PMU_HALT_ERROR', 'the power controller of the GPU halted', 'driver', 'critical', 'reset'],
  63: [
    'INFOROM_DRAM_RETIREMENT_EVENT',
    'a bad row or page of memory was put out of use',
    'memory',
    'info',
    'none',
  ],
  64: [
    'INFOROM_DRAM_RETIREMENT_FAILURE',
    'a bad row or page of memory could not be put out of use',
    'memory',
    'critical',
    'reset',
  ],
  68: [
    'ROBUST_CHANNEL_NVDEC0_ERROR',
    'an exception of the video decoder',
    'application',
    'info',
    'restart-app',
  ],
  69: [
    'ROBUST_CHANNEL_GR_CLASS_ERROR',
    'a command that the graphics engine does not have',
    'application',
    'info',
    'restart-app',
  ],
  74: ['NVLINK_ERROR', 'an NVLink to another GPU, or to a switch, failed', 'link', 'critical', 'reset'],
  78: ['VGPU_START_ERROR', 'a vGPU could not be started', 'driver', 'warning', 'support'],
  79: [
    'ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS',
    'the GPU has fallen off the bus',
    'bus',
    'critical',
    'reboot',
  ],
  80: ['PBDMA_PUSHBUFFER_CRC_MISMATCH', 'data arrived at the GPU corrupted', 'bus', 'warning', 'restart-app'],
  82: engine('NVJPG0'),
  83: engine('NVDEC1'),
  84: engine('NVDEC2'),
  86: engine('OFA0'),
  88: engine('NVDEC3'),
  89: engine('NVDEC4'),
  92: ['EXCESSIVE_SBE_INTERRUPTS', 'many memory errors, which ECC corrected', 'memory', 'warning', 'support'],
  94: [
    'ROBUST_CHANNEL_CONTAINED_ERROR',
    'an uncorrected memory error, kept to one program',
    'memory',
    'warning',
    'restart-app',
  ],
  95: [
    'ROBUST_CHANNEL_UNCONTAINED_ERROR',
    'an uncorrected memory error that may have reached every program on the GPU',
    'memory',
    'critical',
    'reset',
  ],
  109: [
    'ROBUST_CHANNEL_CTXSW_TIMEOUT_ERROR',
    'a context switch did not end in time',
    'application',
    'info',
    'restart-app',
  ],
  110: ['SEC_FAULT_ERROR', 'a security fault of the GPU', 'bus', 'critical', 'reset'],
  119: [
    'GSP_RPC_TIMEOUT',
    "the GPU's own processor (GSP) did not answer the driver",
    'driver',
    'critical',
    'reset',
  ],
  120: ['GSP_ERROR', "an error in the code of the GPU's own processor (GSP)", 'driver', 'critical', 'reset'],
  121: ['C2C_ERROR', 'errors on the link to the CPU, which were corrected', 'link', 'info', 'none'],
  136: ['ALI_TRAINING_FAIL', 'an NVLink could not be brought up', 'link', 'critical', 'reset'],
  137: [
    'NVLINK_PRIV_ERR',
    'an illegal access to the memory of another GPU',
    'application',
    'info',
    'restart-app',
  ],
  140: [
    'UNRECOVERABLE_ECC_ERROR_ESCAPE',
    'a memory error that the driver could not deal with',
    'memory',
    'critical',
    'reset',
  ],
  143: ['GPU_INIT_ERROR', 'the GPU could not be initialised', 'driver', 'critical', 'reset'],
  144: nvlink('SAW'),
  145: nvlink('RLW'),
  146: nvlink('TLW'),
  147: nvlink('TREX'),
  148: nvlink('NVLPW_CTRL'),
  149: nvlink('NETIR'),
  150: nvlink('MSE'),
  151: [
    'ROBUST_CHANNEL_KEY_ROTATION_ERROR',
    'an error as keys were exchanged (confidential computing)',
    'driver',
    'critical',
    'reboot',
  ],
  154: [
    'GPU_RECOVERY_ACTION_CHANGED',
    'what the driver asks for to recover the GPU has changed; another Xid says why',
    'notice',
    'warning',
    'as-logged',
  ],
  155: ['NVLINK_SW_DEFINED_ERROR', 'an NVLink went down', 'link', 'warning', 'reset'],
  156: [
    'RESOURCE_RETIREMENT_EVENT',
    'a part of the GPU is put out of use at the next reset',
    'engine',
    'warning',
    'reset',
  ],
  157: [
    'RESOURCE_RETIREMENT_FAILURE',
    'a bad part of the GPU could not be put out of use',
    'engine',
    'warning',
    'support',
  ],
  158: ['GPU_FATAL_TIMEOUT', 'the GPU did not answer in time, for good', 'bus', 'critical', 'reset'],
  167: ['PCIE_FATAL_TIMEOUT', 'the PCIe link timed out, for good', 'bus', 'critical', 'reset'],
  168: [
    'REDUCED_GPU_MEMORY_CAPACITY',
    'the GPU has less memory than it should, since a part of it is bad',
    'memory',
    'warning',
    'support',
  ],
  169: ['SEC2_HALT_ERROR', 'a controller of the GPU halted', 'driver', 'critical', 'reset'],
  171: [
    'UNCORRECTABLE_DRAM_ERROR',
    'an uncorrected error in DRAM: more about an Xid 48',
    'memory',
    'critical',
    'reset',
  ],
  172: [
    'UNCORRECTABLE_SRAM_ERROR',
    'an uncorrected error in SRAM: more about an Xid 48',
    'memory',
    'critical',
    'reset',
  ],
};

/** All Xids, by code. */
export const XIDS: readonly Xid[] = Object.entries(TABLE).map(
  ([code, [name, what, fault, severity, action]]) => ({
    code: Number(code),
    name,
    what,
    fault,
    severity,
    action,
  }),
);

/** Returns true if the code is in the catalogue. */
export const isKnownXid = (code: number): boolean => Object.hasOwn(TABLE, code);

/** Returns the Xid. An unknown code needs attention, but is no reason to stop work. */
export function findXid(code: number): Xid {
  return (
    XIDS.find((xid) => xid.code === code) ?? {
      code,
      name: 'not in this catalogue',
      what: 'an error that this version of gpuprobe does not know',
      fault: 'notice',
      severity: 'warning',
      action: 'support',
    }
  );
}
