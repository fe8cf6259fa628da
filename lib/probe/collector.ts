import { roundMilliseconds } from '../format.js';
import { PLANNED_CHECKS } from '../native/catalog.gen.js';
import type { CheckFacts, CudaDeviceFacts, NodesFacts } from '../native/frames.js';
import type { SnapshotFacts } from '../native/snapshot.js';
import type { Source } from '../native/source.js';
import { CanaryRun, type CanarySubject } from './canary.js';
import { notAsked, toCheck, toNodesCheck } from './check.js';
import { dropSharedUuids, nameByElimination, toDevice } from './device.js';
import { deviceId } from './device-id.js';
import { describeHost } from './host.js';
import { toDriverLibrary } from './libraries.js';
import { keepLists } from './lists.js';
import type { ResolvedOptions } from './options.js';
import type { ProbeClient } from './probe-client.js';
import type { Check, CheckId, Device, Driver, Facts, Part, Via } from './report.js';
import { orderedRows } from './rows.js';

const UNKNOWN_DRIVER: Driver = { version: null, nvmlVersion: null, cudaVersion: null, libraries: null };

/** For example 12020 is CUDA 12.2. */
function cudaVersion(number: number): string | null {
  return number > 0 ? `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}` : null;
}

/** Why a part is skipped. */
type LeftOut = 'no-driver' | 'not-known' | 'asleep';

/**
 * Collects the facts about a machine, part by part. Each part is polled separately and replaces its previous
 * result. A one-shot probe polls each part once, a monitor polls each at its own interval; parts may run at
 * the same time.
 */
export class Collector {
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #wall: () => Date;
  /** True for a monitor, which must not wake suspended GPUs, because they would never stay suspended. */
  readonly #skipSuspended: boolean;
  readonly #rows: Record<'nodes' | 'telemetry' | 'canary', Check[]> = {
    nodes: [],
    telemetry: [],
    canary: [],
  };
  readonly #takenAt: Record<Part, string | null> = {
    nodes: null,
    telemetry: null,
    lists: null,
    canary: null,
  };
  #nodes: NodesFacts | null = null;
  #devices: Device[] = [];
  #cudaDevices: CudaDeviceFacts[] = [];
  #driver = UNKNOWN_DRIVER;
  #simulated = false;

  constructor(
    options: ResolvedOptions,
    source: Source,
    { wall = () => new Date(), skipSuspended = false } = {},
  ) {
    this.#options = options;
    this.#skipSuspended = skipSuspended;
    this.#source = source;
    this.#wall = wall;
  }

  /** Reads layer 0: takes microseconds, and does not enter the driver. */
  async nodes(client: ProbeClient): Promise<void> {
    const takenAt = this.#wall();
    const answer = await client.ask('nodes');
    // In thread mode, the nodes are not read while a call does not return; the row names that call.
    const rows = this.#named(answer.checks.filter(({ check }) => check !== 'nodes'));
    rows.push(...this.#nodesRows(answer.nodes, answer.checks, 'layer0'));
    if (answer.nodes === null) this.#nodes = null;
    this.#end('nodes', rows, takenAt, client);
  }

  /** Reads NVML's devices and readings, and with `lists` (less often) processes and encoder sessions. */
  async telemetry(
    client: ProbeClient,
    { lists, wake = false }: { lists: boolean; wake?: boolean },
  ): Promise<void> {
    const takenAt = this.#wall();
    client.kernelGpus = this.#nodes?.gpus.length ?? 0;
    // Once NVML is open, it can be asked about the GPUs that are awake.
    const opened = this.#takenAt.lists !== null;
    const sleeps = !opened && !wake && this.#sleeping() === 'all';
    const leftOut = this.#reasonToLeaveOut() ?? (sleeps ? 'asleep' : null);
    // A context is tried only if NVML reports enough free memory.
    const wanted = this.#wants('nvml.') || this.#options.checks.has('cuda.context');
    if (leftOut !== null || !wanted) {
      this.#devices = [];
      const rows = leftOut === null ? [] : this.#leftOutRows(leftOut, client, (id) => id.startsWith('nvml.'));
      return this.#end('telemetry', rows, takenAt, client);
    }
    const answer = await client.ask('telemetry', {
      lists,
      history: true,
      skipSuspended: this.#skipSuspended && !wake,
      isOpen: opened,
    });
    const answered = answer.checks.some(
      ({ check, outcome }) => check === 'nvml.telemetry' && ['ok', 'failed', 'skipped'].includes(outcome),
    );
    const snapshot = answered ? this.#source.snapshots.read() : null;
    // Previous readings are not current: without an answer there are none.
    if (snapshot === null) this.#noteNone(answer.checks);
    else this.#noteSnapshot(snapshot, lists);
    if (lists && snapshot !== null) this.#takenAt.lists = takenAt.toISOString();
    this.#end(
      'telemetry',
      this.#telemetryRows(answer.checks, answered && snapshot === null, client),
      takenAt,
      client,
    );
    // As root, NVML has created the missing nodes: check again what a new process would find.
    const wereBad = this.#rows.nodes.some(({ outcome }) => outcome === 'failed');
    if (snapshot !== null && wereBad && !client.inThread) await this.nodes(client);
  }

  /** Tests what the next process and session will find: NVML, CUDA and a context per GPU, fresh and warm. */
  async canary(client: ProbeClient, { wake = false } = {}): Promise<void> {
    const takenAt = this.#wall();
    client.kernelGpus = this.#nodes?.gpus.length ?? 0;
    // Opening NVML or CUDA in a new process wakes every GPU.
    const leftOut = this.#reasonToLeaveOut() ?? (wake || this.#sleeping() === 'none' ? null : 'asleep');
    if (leftOut !== null) {
      const rows = this.#leftOutRows(leftOut, client, (id) => !id.startsWith('nvml.'));
      return this.#end('canary', rows, takenAt, client);
    }
    const run = new CanaryRun(this.#options, client, this.#subject(client));
    await run.run();
    this.#cudaDevices = run.cudaDevices;
    await this.#noteLibraries([...this.#rows.telemetry, ...run.rows], client);
    this.#end('canary', run.rows, takenAt, client);
  }

  /** Returns all rows of the last result of a part. */
  rows(part: 'nodes' | 'telemetry' | 'canary'): readonly Check[] {
    return this.#rows[part];
  }

  /** Returns all current facts, as gathered since `started`. */
  facts(started: Date, durationMs: number): Facts {
    const { checks } = this.#options;
    const rows = [...this.#rows.nodes, ...this.#rows.telemetry, ...this.#rows.canary, ...this.#notYet()];
    const told = rows.filter(
      ({ id, outcome }) => checks.has(id) || (outcome !== 'ok' && outcome !== 'skipped'),
    );
    return {
      schemaVersion: 1,
      simulated: this.#simulated,
      takenAt: started.toISOString(),
      parts: { ...this.#takenAt },
      durationMs: roundMilliseconds(durationMs),
      host: describeHost(this.#nodes, this.#simulated),
      driver: this.#driver,
      checks: orderedRows(told, this.#devices),
      devices: this.#devices,
      xids: null,
    };
  }

  #end(part: 'nodes' | 'telemetry' | 'canary', rows: Check[], takenAt: Date, client: ProbeClient): void {
    this.#rows[part] = rows;
    this.#takenAt[part] = takenAt.toISOString();
    this.#simulated ||= client.simulated;
  }

  #wants(prefix: string): boolean {
    return [...this.#options.checks].some((id) => id.startsWith(prefix));
  }

  /** Without a kernel module and nodes, no library is loaded: NVML loaded as root would create a node. */
  #reasonToLeaveOut(): LeftOut | null {
    const nodes = this.#nodes;
    if (this.#options.force) return null;
    if (nodes === null) return 'not-known';
    return nodes.moduleLoaded || nodes.wsl || nodes.nodes.length > 0 ? null : 'no-driver';
  }

  /** Returns how many GPUs runtime power management has suspended, if they must stay suspended. */
  #sleeping(): 'none' | 'some' | 'all' {
    const { gpus = [], asleep = [] } = this.#nodes ?? {};
    if (!this.#skipSuspended || asleep.length === 0) return 'none';
    return asleep.length === gpus.length ? 'all' : 'some';
  }

  #leftOutRows(reason: LeftOut, client: ProbeClient, of: (id: CheckId) => boolean): Check[] {
    const ids = [...this.#options.checks].filter(
      (id) => id !== 'nodes' && !PLANNED_CHECKS.includes(id) && of(id),
    );
    return ids.map((id) => {
      const via = client.via(id.startsWith('nvml.') ? 'telemetry' : 'freshCuda');
      if (reason === 'no-driver') {
        const detail = 'no NVIDIA driver; the library was not loaded (--force loads it)';
        return notAsked(id, via, null, 'skipped', 'NO_DRIVER', detail);
      }
      if (reason === 'asleep') {
        const detail = `asleep, and not to be woken: ${this.#nodes?.asleep.join(', ')}`;
        return notAsked(id, via, null, 'skipped', 'GPU_ASLEEP', detail);
      }
      const detail = 'whether there is a driver could not be looked up';
      return notAsked(id, via, null, 'not-probed', 'NODES_NOT_PROBED', detail);
    });
  }

  #deviceOf(facts: CheckFacts): string | null {
    if (facts.device === '') return null;
    const index = /^index:(\d+)$/.exec(facts.device)?.[1];
    const device = this.#devices.find((item) => item.uuid === facts.device || String(item.index) === index);
    return device === undefined ? facts.device : deviceId(device);
  }

  /** `device`: the device of the asking process, for records about the process. */
  #named(facts: readonly CheckFacts[], device: string | null = null): Check[] {
    return facts.map((item) => toCheck(item, this.#source.names, this.#deviceOf(item) ?? device));
  }

  #nodesRows(nodes: NodesFacts | null, checks: readonly CheckFacts[], via: Via): Check[] {
    const asked = checks.filter(({ check }) => check === 'nodes');
    if (nodes === null) return this.#named(asked);
    this.#nodes = nodes;
    return [toNodesCheck(nodes, via, asked[0]?.durationMs ?? 0)];
  }

  #telemetryRows(checks: readonly CheckFacts[], malformed: boolean, client: ProbeClient): Check[] {
    if (!malformed) return this.#named(checks);
    // The process reports success but published an invalid snapshot: missing data is never ok.
    const detail = 'what the telemetry process has published is no snapshot';
    const via = client.via('telemetry');
    return [
      ...this.#named(checks.filter(({ check }) => check !== 'nvml.telemetry')),
      notAsked('nvml.telemetry', via, null, 'not-probed', 'SNAPSHOT_MALFORMED', detail),
    ];
  }

  #noteSnapshot(snapshot: SnapshotFacts, lists: boolean): void {
    const devices = snapshot.devices.map((facts) => toDevice(facts, snapshot.fields, this.#source.names));
    dropSharedUuids(devices);
    if (!lists) keepLists(devices, this.#devices);
    this.#devices = devices;
    nameByElimination(this.#devices, this.#nodes?.gpus ?? []);
    this.#driver = {
      ...this.#driver,
      version: snapshot.driverVersion || null,
      nvmlVersion: snapshot.nvmlVersion || null,
      cudaVersion: cudaVersion(snapshot.cudaVersion),
    };
  }

  /** A library that does not match its kernel module reports only its own version. */
  #noteNone(checks: readonly CheckFacts[]): void {
    this.#devices = [];
    const refused = checks.find(({ check, outcome }) => check === 'nvml.init' && outcome === 'failed');
    const nvmlVersion = /^NVML library ([\w.]+)/.exec(refused?.detail ?? '')?.[1];
    if (nvmlVersion !== undefined) this.#driver = { ...this.#driver, nvmlVersion };
  }

  /** Finds out which files were loaded, only if one of them failed, because this needs another process. */
  async #noteLibraries(rows: readonly Check[], client: ProbeClient): Promise<void> {
    const failed = rows.some(({ id, outcome }) => id !== 'nodes' && outcome === 'failed');
    if (!failed || client.inThread) {
      this.#driver = { ...this.#driver, libraries: null };
      return;
    }
    const { libraries } = await client.ask('libraries');
    this.#driver = { ...this.#driver, libraries: libraries.map(toDriverLibrary) };
  }

  #subject(client: ProbeClient): CanarySubject {
    return {
      devices: this.#devices,
      cudaDevices: this.#cudaDevices,
      named: (facts, device) => this.#named(facts, device),
      nodesRows: (nodes, checks) => this.#nodesRows(nodes, checks, 'fresh'),
      nodesAgain: () => this.nodes(client),
    };
  }

  #notYet(): Check[] {
    const via: Via = this.#options.isolation === 'thread' ? 'thread' : 'fresh';
    return PLANNED_CHECKS.filter((id) => this.#options.checks.has(id)).map((id) =>
      notAsked(id, via, null, 'not-probed', 'NOT_IMPLEMENTED', 'gpuprobe does not probe this yet'),
    );
  }
}
