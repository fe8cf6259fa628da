import { deviceId } from '../probe/device-id.js';
import type { Check, Device, DeviceNode, Facts } from '../probe/report.js';
import type { HistoryEntry } from './history.js';

/** What is known beyond the facts. */
export interface JudgeContext {
  /** At least this many GPUs must answer. */
  require?: number | undefined;
  /** Earlier looks at the same source, oldest first. */
  history?: readonly HistoryEntry[] | undefined;
}

/** Selects checks: an omitted field matches anything, a list matches any of its members. */
export type CheckQuery = {
  [K in 'id' | 'via' | 'outcome' | 'code' | 'name']?: Check[K] | readonly Check[K][];
};

/** The facts, with the queries that rules use. */
export interface View {
  readonly facts: Facts;
  readonly require: number | undefined;
  readonly history: readonly HistoryEntry[];
  /** Returns the device nodes, or only those with the given errno. */
  nodes(code?: number): DeviceNode[];
  /** Excludes rows of checks that gpuprobe does not implement yet, which say nothing about the machine. */
  checks(query: CheckQuery): Check[];
  /** Returns true if at least one check matches. */
  saw(query: CheckQuery): boolean;
  /** Returns the device of a finding or check; undefined for the machine, or if NVML did not list it. */
  device(id: string | null): Device | undefined;
  /** Returns the report's name for a GPU that may be named by its index or PCI bus id. */
  canonical(id: string | null): string | null;
  /** Returns `GPU 0` if the index is known, else the id; `the machine` for null. */
  label(id: string | null): string;
}

const NOT_IMPLEMENTED = 'NOT_IMPLEMENTED';

/** Groups checks by device, the machine first. */
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
 * Removes rows for the machine that only summarize its GPUs' rows: if no GPU could be read, NVML's first
 * failure stands for all.
 */
export function withoutSums(checks: readonly Check[]): Check[] {
  return checks.filter(
    (check) =>
      check.device !== null ||
      !checks.some((other) => other.device !== null && other.id === check.id && other.via === check.via),
  );
}

/** Creates a view of the facts for the rules. */
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
 * Returns one name per GPU: a process that got no handle knows only the index, while the telemetry process,
 * which had one earlier, still knows the UUID.
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
