import type { CheckOptions, GpuProbe } from '../monitor/gpu-probe.js';
import type { Latest } from '../monitor/latest.js';
import { deviceId } from '../probe/device-id.js';
import type { Check, Device, Finding, Report } from '../probe/report.js';
import type { Fault, GpuHealth, HealthSource } from './health.js';

/** The part of a monitor that the guard uses. */
type Monitor = Pick<GpuProbe, 'latest' | 'check' | 'on' | 'off'>;

const FAILED: readonly string[] = ['failed', 'timeout', 'crashed'];

const GOOD: readonly string[] = ['ok', 'skipped', 'unsupported'];

/** True for rows that test what the next session will do, except checks that are not implemented yet. */
const isCanary = ({ via, name }: Check) =>
  via !== 'telemetry' && via !== 'layer0' && name !== 'NOT_IMPLEMENTED';
const isCuda = (check: Check) => isCanary(check) && check.id.startsWith('cuda.');

/** Derives the guard's view of GPU health from a monitor. */
export class MonitorHealth implements HealthSource {
  readonly #monitor: Monitor;
  readonly #device: string | undefined;
  readonly #now: () => number;
  #last: Report | null = null;
  #fault: Fault | null = null;
  /** Why the last look failed in gpuprobe itself. */
  #failure: string | null = null;
  #wellAtMs: number | null = null;
  #suspended = false;
  #unseen: string | null = null;
  /** Wall-clock times of the parts in the last report, to recognize new ones. */
  #canary: string | null = null;
  #lists: string | null = null;
  #listsAtMs: number | null = null;
  #readings: Pick<GpuHealth, 'freeBytes' | 'encoderSessions' | 'processes' | 'encoderPids'> = NO_READINGS;

  /**
   * @param device the only GPU that counts; undefined: all count
   * @param now a clock that runs at the monitor's pace
   */
  constructor(monitor: Monitor, device: string | undefined, now: () => number) {
    this.#monitor = monitor;
    this.#device = device;
    this.#now = now;
  }

  read(): GpuHealth {
    const latest = this.#monitor.latest();
    this.#takeIn(latest);
    const { works, because } = latest.monitoring;
    const expired = latest.report === null && this.#last !== null;
    return {
      simulated: this.#last?.simulated ?? false,
      // Before the first canary, nobody has tried what a session will do.
      looked: this.#canary !== null || this.#fault !== null,
      fault: this.#fault,
      wellAtMs: this.#wellAtMs,
      suspended: this.#suspended,
      unseen: this.#unseen,
      nextCanaryMs: this.#now() + latest.canary.nextInMs,
      dark: works === false ? because : expired ? 'its readings have expired' : this.#failure,
      readingsAtMs: this.#last === null ? null : this.#now() - latest.ageMs,
      listsAtMs: this.#listsAtMs,
      ...this.#readings,
    };
  }

  look(): Promise<void> {
    return this.#check({});
  }

  wake(): Promise<void> {
    return this.#check({ renew: 'canary' });
  }

  readLists(): Promise<void> {
    return this.#check({ renew: 'lists' });
  }

  onChange(listener: () => void): () => void {
    // A report shows when its lists were read only at the moment it arrives.
    const told = () => listener();
    this.#monitor.on('report', told);
    this.#monitor.on('monitoring', told);
    return () => {
      this.#monitor.off('report', told);
      this.#monitor.off('monitoring', told);
    };
  }

  async #check(options: CheckOptions): Promise<void> {
    try {
      await this.#monitor.check(options);
      this.#failure = null;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
    this.read();
  }

  /** Processes each report once. */
  #takeIn({ report, ageMs, canary }: Latest): void {
    if (report === null || report === this.#last) return;
    this.#last = report;
    this.#fault = faultOf(report, this.#device);
    this.#suspended = isSuspended(report, this.#device);
    this.#unseen = report.findings.find(({ impact }) => impact.starts === 'unknown')?.summary ?? null;
    this.#readings = readingsOf(report, this.#device);
    const { lists, canary: tried } = report.parts;
    if (lists !== this.#lists) this.#listsAtMs = this.#now() - ageMs;
    const isNew = tried !== this.#canary;
    if (isNew && this.#fault === null && isWell(report, this.#device))
      this.#wellAtMs = this.#now() - canary.ageMs;
    this.#lists = lists;
    this.#canary = tried;
  }
}

const NO_READINGS = { freeBytes: null, encoderSessions: null, processes: null, encoderPids: null };

const concerns = (device: string | undefined) => (it: { device: string | null }) =>
  device === undefined || it.device === null || it.device === device;

/** Returns what would keep the next session from starting: a finding that blocks it, or a failed canary. */
function faultOf({ findings, checks, devices }: Report, device: string | undefined): Fault | null {
  const finding = findings.filter(concerns(device)).find((one) => forbids(one, devices, device));
  if (finding !== undefined) return { id: finding.id, summary: finding.summary };
  const row = checks
    .filter(concerns(device))
    .find((check) => isCuda(check) && FAILED.includes(check.outcome));
  if (row !== undefined) {
    const answer = [row.code, row.name].filter((part) => part !== null).join(' ') || row.outcome;
    return { id: row.id, summary: `${row.id} (${row.via}): ${answer}` };
  }
  const isThere =
    device === undefined ||
    devices.some((one) => deviceId(one) === device) ||
    checks.some((check) => check.device === device);
  return isThere ? null : { id: 'devices-missing', summary: `No GPU ${device} answers.` };
}

/**
 * True if a session would not start, or if it may land on a GPU whose memory cannot be read while that of
 * others can: there no limit can be enforced. If nothing at all can be read, that is not a fault: then the
 * canary decides.
 */
function forbids(
  { severity, impact, scope, device }: Finding,
  devices: readonly Device[],
  only: string | undefined,
) {
  if (impact.starts === 'blocked') return true;
  if (severity !== 'critical' || scope !== 'gpu' || only !== undefined) return false;
  const isRead = (one: Device) => one.memory.freeBytes !== null;
  return devices.some((one) => deviceId(one) === device && !isRead(one)) && devices.some(isRead);
}

/** Names of canaries that were skipped on a GPU that a session may use. */
const UNTRIED: readonly (string | null)[] = ['NO_UUID', 'NOT_INITIALIZED', 'GPU_ASLEEP'];

/**
 * True if at least one canary succeeded and none was impossible to run. If the monitor does not check CUDA,
 * the other checks in a fresh process decide.
 */
function isWell({ checks, parts, verdict }: Report, device: string | undefined): boolean {
  if (parts.canary === null || verdict === 'unknown') return false;
  const tried = checks.filter(concerns(device)).filter(isCanary);
  const cuda = tried.filter(isCuda);
  const rows = cuda.length > 0 ? cuda : tried;
  if (rows.some(({ outcome, name }) => outcome === 'skipped' && UNTRIED.includes(name))) return false;
  return rows.some(({ outcome }) => outcome === 'ok') && rows.every(({ outcome }) => GOOD.includes(outcome));
}

/** True if the canary was skipped because a GPU is suspended. */
function isSuspended({ checks }: Report, device: string | undefined): boolean {
  return checks.filter(concerns(device)).some((check) => isCanary(check) && check.name === 'GPU_ASLEEP');
}

function readingsOf({ devices }: Report, device: string | undefined): typeof NO_READINGS | MonitorReadings {
  const chosen = device === undefined ? roomiest(devices) : devices.find((one) => deviceId(one) === device);
  if (chosen === undefined) return NO_READINGS;
  return {
    freeBytes: chosen.memory.freeBytes,
    encoderSessions: chosen.encoder.sessionCount,
    processes: allOf(devices, (one) => one.processes),
    encoderPids: allOf(devices, (one) => one.encoder.sessions)?.map(({ pid }) => pid) ?? null,
  };
}

type MonitorReadings = Pick<GpuHealth, 'freeBytes' | 'encoderSessions' | 'processes' | 'encoderPids'>;

/** If the session's GPU is not known, it may run on the one with the most free memory. */
function roomiest(devices: readonly Device[]): Device | undefined {
  return devices.reduce<Device | undefined>(
    (best, one) =>
      best === undefined || (one.memory.freeBytes ?? -1) > (best.memory.freeBytes ?? -1) ? one : best,
    undefined,
  );
}

/** Returns null if the list of any GPU is not known, because a process may use that GPU too. */
function allOf<T>(devices: readonly Device[], list: (device: Device) => T[] | null): T[] | null {
  const lists = devices.map(list);
  return lists.some((own) => own === null) ? null : lists.flatMap((own) => own ?? []);
}
