import { deviceId } from '../probe/device-id.js';
import type { Check, Device, DeviceNode, Facts } from '../probe/report.js';
import type { HistoryEntry } from './history.js';

/** What is known beyond the facts themselves. */
export interface JudgeContext {
  /** At least this many GPUs have to answer. */
  require?: number | undefined;
  /** Earlier looks at the same source, oldest first. */
  history?: readonly HistoryEntry[] | undefined;
}

/** Which checks: a field that is left out matches anything, a list matches each of its members. */
export type CheckQuery = {
  [K in 'id' | 'via' | 'outcome' | 'code' | 'name']?: Check[K] | readonly Check[K][];
};

/** The facts, with the questions that rules ask of them. */
export interface View {
  readonly facts: Facts;
  readonly require: number | undefined;
  readonly history: readonly HistoryEntry[];
  /** Device nodes, of one errno where it is given. */
  nodes(code?: number): DeviceNode[];
  /** Without the rows of what gpuprobe cannot ask yet, which say nothing about the machine. */
  checks(query: CheckQuery): Check[];
  /** True when at least one such check is there. */
  saw(query: CheckQuery): boolean;
  /** The device of a finding or check; undefined for the machine, or where NVML did not list it. */
  device(id: string | null): Device | undefined;
  /** The report's name for a GPU that something else may name by its index or PCI bus id. */
  canonical(id: string | null): string | null;
  /** `GPU 0` where the index is known, else the id; `the machine` for null. */
  label(id: string | null): string;
}

const NOT_IMPLEMENTED = 'NOT_IMPLEMENTED';

/** Groups checks by the device they are about, machine first. */
export function byDevice(checks: readonly Check[]): [string | null, Check[]][] {
  const groups = new Map<string | null, Check[]>();
  for (const check of checks) {
    const group = groups.get(check.device);
    if (group) group.push(check);
    else groups.set(check.device, [check]);
  }
  return [...groups].sort(([a], [b]) => Number(b === null) - Number(a === null));
}

/**
 * Without the rows for the machine that only sum up rows for its GPUs: where no GPU could be read, NVML's
 * first failure stands for all.
 */
export function withoutSums(checks: readonly Check[]): Check[] {
  return checks.filter(
    (check) =>
      check.device !== null ||
      !checks.some((other) => other.device !== null && other.id === check.id && other.via === check.via),
  );
}

/** Lays the questions of the rules over the facts. */
export function createView(facts: Facts, context: JudgeContext): View {
  const named = facts.checks
    .filter((check) => check.name !== NOT_IMPLEMENTED)
    .map((check) => ({ ...check, device: canonical(check.device, facts.devices) }));
  const checks = (query: CheckQuery) => named.filter((check) => matches(check, query));
  const device = (id: string | null) => facts.devices.find((candidate) => deviceId(candidate) === id);
  return {
    facts,
    require: context.require,
    history: context.history ?? [],
    nodes: (code) => facts.host.deviceNodes.filter((node) => code === undefined || node.code === code),
    checks,
    saw: (query) => checks(query).length > 0,
    device,
    canonical: (id) => canonical(id, facts.devices),
    label: (id) => {
      const index = device(id)?.index;
      if (id === null) return 'the machine';
      return index === undefined ? id : `GPU ${index}`;
    },
  };
}

/**
 * One GPU, one name: a process that got no handle knows only the index, while the telemetry process, which
 * had one earlier, still knows the UUID.
 */
function canonical(id: string | null, devices: readonly Device[]): string | null {
  if (id === null) return null;
  const device = devices.find(({ uuid, pciBusId, index }) => [uuid, pciBusId, `index:${index}`].includes(id));
  return device === undefined ? id : deviceId(device);
}

function matches(check: Check, query: CheckQuery): boolean {
  return (
    among(check.id, query.id) &&
    among(check.via, query.via) &&
    among(check.outcome, query.outcome) &&
    among(check.code, query.code) &&
    among(check.name, query.name)
  );
}

function among<T>(value: T, wanted: T | readonly T[] | undefined): boolean {
  if (wanted === undefined) return true;
  return Array.isArray(wanted) ? wanted.includes(value) : value === wanted;
}
