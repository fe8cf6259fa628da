/**
 * What each field of a scenario means, by path; `[]` stands for any element. The schema quotes it, and the table in
 * `native/sim/SCENARIO.md` is made from it. A group's fields share its line where their names say the rest.
 */
export const ABOUT: Readonly<Record<string, string>> = {
  extends:
    "what to start from: a built-in scenario's name, or a path relative to this file (with a `/`, or ending in `.json`). Objects merge, lists and scalars replace, `devices` merge by position, so devices can be added and changed but not taken away",
  description: 'one sentence, shown by `gpuprobe sim --list`',
  driver:
    '`null`: no kernel module, no node. Else `version` of the kernel module, `nvmlVersion` of the library ("12." and its version: another than the module\'s is a mismatch), `cudaVersion` (12020 = 12.2)',
  access:
    '`"revoked"`: a device cgroup refuses every open with EPERM. `"revoked-when-warm"`: from the moment that the machine is warm. `"granted"`: the default',
  readings:
    '`"zero"`: every NVML reading of a device succeeds and is zero or empty. `"frozen"`: NVML goes on giving the readings of one moment. `"real"`: the default. The driver\'s versions and CUDA stay as they are',
  exit: '`"deadlock"`: a process that opened the driver never gets through its exit handlers. `"clean"`: the default',
  devices: "in NVML index order, at most 64; units are the driver's own and stand in the names",
  'devices[].preset': 'the model that fills in what the device does not say: a file of `native/sim/presets`',
  'devices[].uuid': 'as `pciBusId` and `minor`: made from the position where it is not given',
  'devices[].serial': '`null`, here and below: the model has no such thing, and NVML answers NOT_SUPPORTED',
  'devices[].brand': 'nvmlBrandType_t',
  'devices[].architecture': 'nvmlDeviceArchitecture_t',
  'devices[].pci': 'device and subsystem, each with the vendor in the low half',
  'devices[].contextBytes': 'device memory that a CUDA context costs while it lives',
  'devices[].memory.usedBytes':
    'allocated, without `reservedBytes` (together at most `totalBytes`); live CUDA contexts, timed processes and what leaked come on top',
  'devices[].energyMillijoules':
    'since the driver was loaded, when the scenario begins; grows with the power',
  'devices[].performanceState': '0 is P0',
  'devices[].clockEventReasons': 'nvmlClocksEventReasons bits',
  'devices[].computeMode': '0 default; 2 prohibited: no context; 3 exclusive: one context at a time',
  'devices[].migMode': 'with 1 the GPU as a whole has no utilization and no encoder readings',
  'devices[].ecc': '`pending`: the mode after the next reset. With ECC off the counts are NOT_SUPPORTED',
  'devices[].recoveryAction': 'NVML_GPU_RECOVERY_ACTION_…; `null`: the driver does not know the question',
  'devices[].lost': '`true`: fallen off the bus. `"when-warm"`: falls off when the machine turns warm',
  'devices[].asleep':
    '`true`: runtime power management has suspended it, as `/sys/bus/pci/devices/…/power/runtime_status` says. NVML goes on answering: that a call wakes a GPU is not simulated',
  'devices[].xid':
    'the last Xid that the driver reported, or `null`. Each time that it becomes another number, every event set that waits for the device is told; to report the same once more, set it to `null` between',
  'devices[].leakBytesPerContext':
    'what a CUDA context leaves allocated for good when it ends, however it ends',
  'devices[].encoder': 'at most 256 `sessions`; one whose pid is a timed process comes and goes with it',
  'devices[].encoder.sessions[].codec': '0 H.264, 1 HEVC, 2 AV1',
  'devices[].processes': 'at most 4096; live CUDA contexts are listed besides',
  'devices[].processes[].usedBytes': '`null`: NVML_VALUE_NOT_AVAILABLE',
  'devices[].processes[].fromSecond':
    'makes it a timed process, as `toSecond` does: it is listed, and its memory allocated, from here on',
  'devices[].processes[].toSecond': 'when it ends',
  'devices[].processes[].everySeconds': 'it comes again each time that so long has passed',
  'devices[].processes[].leavesBytes': 'what it leaves allocated for good each time that it ends',
  faults: 'at most 256; see below',
  'faults[].function': 'with its suffix: `nvmlInit_v2`, `cuCtxCreate_v2`',
  'faults[].device': 'only on this one',
  'faults[].delayMs': 'takes that long first; may stand alone',
  'faults[].return': 'answers this number',
  'faults[].hang': '`true`: waits for a mutex for good. `"busy-loop"`: spins for good',
  'faults[].crash': 'raises the signal',
  'faults[].exit': 'ends the process by exit() from inside the library, with this status',
  'faults[].output':
    'succeeds and lies: `"garbage"`: random bytes. `"unterminated"`: a text without its end. `"absurd-count"`: a list, or a number of devices, beyond all sense',
  'faults[].missing': 'the libraries do not export the function',
  'faults[].fromCall':
    'the first call that it strikes, counted from 1 over all processes, since the fault is there',
  'faults[].calls': 'how many it strikes',
  'faults[].fromSecond': 'it strikes from this second of the scenario on',
  'faults[].toSecond': 'and no longer from this one on',
  'faults[].probability': 'of striking a call, 0 to 1; the same `seed` strikes the same calls',
  startsAt: 'the time of day at which the scenario begins, so that `at` may be one',
  timeline: 'what happens later, in order',
  'timeline[].at': 'seconds from the beginning, or a time of day',
  'timeline[].says': 'what happened, in words',
  'timeline[].set':
    'what changes: any of `driver`, `access`, `readings`, `exit`, `devices`, `faults`. Objects merge, `devices` by position; lists replace',
};
