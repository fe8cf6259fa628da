// What is done to the machine under the running service, and what the service must then be told. One after the other,
// so that every run injects the same faults.

/** @typedef {import('../../build/lib/native/source.js').Question} Question */
/** @typedef {import('../../build/lib/native/frames.js').CheckFacts} CheckFacts */

const PATIENT = { softMs: 20_000, hardMs: 60_000 };
/** Far beyond what reaching the call takes, even on a busy machine; one that hangs before it is a timeout as well. */
const IMPATIENT = { softMs: 60, hardMs: 120 };
const GPU = 'GPU-5a1c1d60-7b1e-4f0e-9c55-0f2f7a3b6a01';

/** @param {string} name @param {object} effect */
const fault = (name, effect) => ({ faults: [{ function: name, ...effect }] });

/**
 * @typedef {object} Injected
 * @property {string} what
 * @property {unknown} change
 * @property {Question} question
 * @property {string} outcome of the check that decides
 * @property {number} [code]
 */

/** @type {Injected[]} */
export const FAULTS = [
  {
    what: 'a reading is refused',
    change: fault('nvmlDeviceGetPowerUsage', { return: 999 }),
    question: { kind: 'telemetry', ...PATIENT },
    outcome: 'ok',
  },
  {
    what: 'a reading is noise',
    change: fault('nvmlDeviceGetPciInfo_v3', { output: 'garbage' }),
    question: { kind: 'telemetry', lists: true, ...PATIENT },
    outcome: 'ok',
  },
  {
    what: 'NVML does not initialise',
    change: fault('nvmlInit_v2', { return: 999 }),
    question: { kind: 'freshNvml', ...PATIENT },
    outcome: 'failed',
    code: 999,
  },
  {
    what: 'the number of devices is absurd',
    change: fault('nvmlDeviceGetCount_v2', { output: 'absurd-count' }),
    question: { kind: 'freshNvml', ...PATIENT },
    outcome: 'failed',
  },
  {
    what: 'access is revoked',
    change: { access: 'revoked' },
    question: { kind: 'freshCuda', ...PATIENT },
    outcome: 'failed',
    code: 100,
  },
  {
    what: 'telemetry crashes',
    change: fault('nvmlDeviceGetTemperature', { crash: 'SIGSEGV' }),
    question: { kind: 'telemetry', ...PATIENT },
    outcome: 'crashed',
    code: 11,
  },
  {
    what: 'a fresh context aborts',
    change: fault('cuCtxCreate_v2', { crash: 'SIGABRT' }),
    question: { kind: 'freshContext', device: GPU, ...PATIENT },
    outcome: 'crashed',
    code: 6,
  },
  {
    what: 'the warm process is ended from inside',
    change: fault('cuCtxCreate_v2', { exit: 3 }),
    question: { kind: 'warmContext', device: GPU, ...PATIENT },
    outcome: 'crashed',
    code: 3,
  },
  {
    what: 'telemetry hangs',
    change: fault('nvmlDeviceGetPowerUsage', { hang: true }),
    question: { kind: 'telemetry', ...IMPATIENT },
    outcome: 'timeout',
  },
  {
    what: 'a fresh context hangs',
    change: fault('cuCtxCreate_v2', { hang: true }),
    question: { kind: 'freshContext', device: GPU, ...IMPATIENT },
    outcome: 'timeout',
  },
];

/** The machine as it was. */
export const CLEARED = { faults: [], access: 'granted' };

/** What rests between checkpoints: one telemetry process and one warm one. */
/** @type {Question[]} */
export const AT_REST = [
  { kind: 'telemetry', ...PATIENT },
  { kind: 'warmContext', device: GPU, ...PATIENT },
];

/**
 * Throws unless the service was told of it.
 * @param {Injected} injected
 * @param {CheckFacts[]} checks
 */
export function expectTold({ what, outcome, code }, checks) {
  const wanted = (/** @type {CheckFacts} */ check) =>
    check.outcome === outcome && (code === undefined || check.code === code);
  if (outcome === 'ok' ? checks.every(wanted) : checks.some(wanted)) return;
  const told = checks.map((check) => `${check.check} ${check.outcome} ${check.code}`).join(', ');
  throw new Error(`${what}: expected ${outcome}, was told ${told}`);
}
