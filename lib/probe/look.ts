import type { CheckFacts, CudaDeviceFacts, NodesFacts } from '../native/frames.js';
import type { SnapshotFacts } from '../native/snapshot.js';
import type { Source } from '../native/source.js';
import type { Asking } from './asking.js';
import { CanaryRun, type CanarySubject } from './canary.js';
import { toCheck, toNodesCheck, unasked } from './check.js';
import { dropSharedUuids, nameByElimination, toDevice } from './device.js';
import { deviceId } from './device-id.js';
import { describeHost } from './host.js';
import { toDriverLibrary } from './libraries.js';
import { keepLists } from './lists.js';
import { NOT_YET, type ResolvedOptions } from './options.js';
import type { Check, CheckId, Device, Driver, Facts, Part, Via } from './report.js';
import { orderedRows } from './rows.js';

const UNKNOWN_DRIVER: Driver = { version: null, nvmlVersion: null, cudaVersion: null, libraries: null };

/** 12020 is CUDA 12.2. */
function cudaVersion(number: number): string | null {
  return number > 0 ? `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}` : null;
}

/** Why a part is not asked. */
type LeftOut = 'no-driver' | 'not-known' | 'asleep';

const milliseconds = (value: number) => Math.round(value * 1000) / 1000;

/**
 * What is known of a machine, part by part: each part is asked by itself and replaces what it said the last time. A
 * single look asks all of them once, a monitor each at a cadence of its own; parts may be asked side by side.
 */
export class Look {
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #wall: () => Date;
  /** A GPU that sleeps is left asleep: by a monitor, which would never let it come to rest. */
  readonly #letSleep: boolean;
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

  constructor(options: ResolvedOptions, source: Source, { wall = () => new Date(), letSleep = false } = {}) {
    this.#options = options;
    this.#letSleep = letSleep;
    this.#source = source;
    this.#wall = wall;
  }

  /** Layer 0: microseconds, and nothing of the driver is entered. */
  async nodes(asking: Asking): Promise<void> {
    const takenAt = this.#wall();
    const answer = await asking.ask('nodes');
    // In thread mode the nodes are not looked at beside a call that does not return: the row says which.
    const rows = this.#named(answer.checks.filter(({ check }) => check !== 'nodes'));
    rows.push(...this.#nodesRows(answer.nodes, answer.checks, 'layer0'));
    if (answer.nodes === null) this.#nodes = null;
    this.#end('nodes', rows, takenAt, asking);
  }

  /** NVML's inventory and readings; with `lists` also processes and encoder sessions, which are asked less often. */
  async telemetry(
    asking: Asking,
    { lists, wake = false }: { lists: boolean; wake?: boolean },
  ): Promise<void> {
    const takenAt = this.#wall();
    asking.kernelGpus = this.#nodes?.gpus.length ?? 0;
    // Once NVML is open, it is asked about the GPUs that are awake.
    const opened = this.#takenAt.lists !== null;
    const sleeps = !opened && !wake && this.#sleeping() === 'all';
    const leftOut = this.#reasonToLeaveOut() ?? (sleeps ? 'asleep' : null);
    // A context is tried only where NVML says that there is room for it.
    const wanted = this.#wants('nvml.') || this.#options.checks.has('cuda.context');
    if (leftOut !== null || !wanted) {
      this.#devices = [];
      const rows = leftOut === null ? [] : this.#leftOutRows(leftOut, asking, (id) => id.startsWith('nvml.'));
      return this.#end('telemetry', rows, takenAt, asking);
    }
    const answer = await asking.ask('telemetry', {
      lists,
      history: true,
      letSleep: this.#letSleep && !wake,
      isOpen: opened,
    });
    const answered = answer.checks.some(
      ({ check, outcome }) => check === 'nvml.telemetry' && ['ok', 'failed', 'skipped'].includes(outcome),
    );
    const snapshot = answered ? this.#source.snapshots.read() : null;
    // What was read before is no reading of now: without an answer there is none.
    if (snapshot === null) this.#noteNone(answer.checks);
    else this.#noteSnapshot(snapshot, lists);
    if (lists && snapshot !== null) this.#takenAt.lists = takenAt.toISOString();
    this.#end(
      'telemetry',
      this.#telemetryRows(answer.checks, answered && snapshot === null, asking),
      takenAt,
      asking,
    );
  }

  /** What the next process and the next session meet: NVML, CUDA and a context on each GPU, fresh and warm. */
  async canary(asking: Asking, { wake = false } = {}): Promise<void> {
    const takenAt = this.#wall();
    asking.kernelGpus = this.#nodes?.gpus.length ?? 0;
    // To open NVML or CUDA afresh is to wake every GPU.
    const leftOut = this.#reasonToLeaveOut() ?? (wake || this.#sleeping() === 'none' ? null : 'asleep');
    if (leftOut !== null) {
      const rows = this.#leftOutRows(leftOut, asking, (id) => !id.startsWith('nvml.'));
      return this.#end('canary', rows, takenAt, asking);
    }
    const run = new CanaryRun(this.#options, asking, this.#subject(asking));
    await run.run();
    this.#cudaDevices = run.cudaDevices;
    await this.#noteLibraries([...this.#rows.telemetry, ...run.rows], asking);
    this.#end('canary', run.rows, takenAt, asking);
  }

  /** What a part said the last time, every row of it. */
  rows(part: 'nodes' | 'telemetry' | 'canary'): readonly Check[] {
    return this.#rows[part];
  }

  /** All that is known now, as facts that were gathered from `started` on. */
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
      durationMs: milliseconds(durationMs),
      host: describeHost(this.#nodes, this.#simulated),
      driver: this.#driver,
      checks: orderedRows(told, this.#devices),
      devices: this.#devices,
      xids: null,
    };
  }

  #end(part: 'nodes' | 'telemetry' | 'canary', rows: Check[], takenAt: Date, asking: Asking): void {
    this.#rows[part] = rows;
    this.#takenAt[part] = takenAt.toISOString();
    this.#simulated ||= asking.simulated;
  }

  #wants(prefix: string): boolean {
    return [...this.#options.checks].some((id) => id.startsWith(prefix));
  }

  /** Without a module and without a node nothing is loaded: NVML loaded as root would make a node. */
  #reasonToLeaveOut(): LeftOut | null {
    const nodes = this.#nodes;
    if (this.#options.force) return null;
    if (nodes === null) return 'not-known';
    return nodes.moduleLoaded || nodes.wsl || nodes.nodes.length > 0 ? null : 'no-driver';
  }

  /** How many GPUs runtime power management has suspended, where they are to be left so. */
  #sleeping(): 'none' | 'some' | 'all' {
    const { gpus = [], asleep = [] } = this.#nodes ?? {};
    if (!this.#letSleep || asleep.length === 0) return 'none';
    return asleep.length === gpus.length ? 'all' : 'some';
  }

  #leftOutRows(reason: LeftOut, asking: Asking, of: (id: CheckId) => boolean): Check[] {
    const ids = [...this.#options.checks].filter((id) => id !== 'nodes' && !NOT_YET.includes(id) && of(id));
    return ids.map((id) => {
      const via = asking.via(id.startsWith('nvml.') ? 'telemetry' : 'freshCuda');
      if (reason === 'no-driver') {
        const detail = 'no NVIDIA driver; the library was not loaded (--force loads it)';
        return unasked(id, via, null, 'skipped', 'NO_DRIVER', detail);
      }
      if (reason === 'asleep') {
        const detail = `asleep, and not to be woken: ${this.#nodes?.asleep.join(', ')}`;
        return unasked(id, via, null, 'skipped', 'GPU_ASLEEP', detail);
      }
      const detail = 'whether there is a driver could not be looked up';
      return unasked(id, via, null, 'not-probed', 'NODES_NOT_PROBED', detail);
    });
  }

  #deviceOf(facts: CheckFacts): string | null {
    if (facts.device === '') return null;
    const index = /^index:(\d+)$/.exec(facts.device)?.[1];
    const device = this.#devices.find((item) => item.uuid === facts.device || String(item.index) === index);
    return device === undefined ? facts.device : deviceId(device);
  }

  /** `device`: whose process it was, for records that are about the process and not about a device. */
  #named(facts: readonly CheckFacts[], device: string | null = null): Check[] {
    return facts.map((item) => toCheck(item, this.#source.names, this.#deviceOf(item) ?? device));
  }

  #nodesRows(nodes: NodesFacts | null, checks: readonly CheckFacts[], via: Via): Check[] {
    const asked = checks.filter(({ check }) => check === 'nodes');
    if (nodes === null) return this.#named(asked);
    this.#nodes = nodes;
    return [toNodesCheck(nodes, via, asked[0]?.durationMs ?? 0)];
  }

  #telemetryRows(checks: readonly CheckFacts[], malformed: boolean, asking: Asking): Check[] {
    if (!malformed) return this.#named(checks);
    // It says that it has read the devices, and what it has published cannot be: no data is never ok.
    const detail = 'what the telemetry process has published is no snapshot';
    const via = asking.via('telemetry');
    return [
      ...this.#named(checks.filter(({ check }) => check !== 'nvml.telemetry')),
      unasked('nvml.telemetry', via, null, 'not-probed', 'SNAPSHOT_MALFORMED', detail),
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

  /** A library that does not fit its kernel module says no more than its own version. */
  #noteNone(checks: readonly CheckFacts[]): void {
    this.#devices = [];
    const refused = checks.find(({ check, outcome }) => check === 'nvml.init' && outcome === 'failed');
    const nvmlVersion = /^NVML library ([\w.]+)/.exec(refused?.detail ?? '')?.[1];
    if (nvmlVersion !== undefined) this.#driver = { ...this.#driver, nvmlVersion };
  }

  /** Which files were loaded is a question only where one of them has failed: it takes a process of its own. */
  async #noteLibraries(rows: readonly Check[], asking: Asking): Promise<void> {
    const failed = rows.some(({ id, outcome }) => id !== 'nodes' && outcome === 'failed');
    if (!failed || asking.inThread) {
      this.#driver = { ...this.#driver, libraries: null };
      return;
    }
    const { libraries } = await asking.ask('inventory');
    this.#driver = { ...this.#driver, libraries: libraries.map(toDriverLibrary) };
  }

  #subject(asking: Asking): CanarySubject {
    return {
      devices: this.#devices,
      cudaDevices: this.#cudaDevices,
      named: (facts, device) => this.#named(facts, device),
      nodesRows: (nodes, checks) => this.#nodesRows(nodes, checks, 'fresh'),
      nodesAgain: () => this.nodes(asking),
    };
  }

  #notYet(): Check[] {
    const via: Via = this.#options.isolation === 'thread' ? 'thread' : 'fresh';
    return NOT_YET.filter((id) => this.#options.checks.has(id)).map((id) =>
      unasked(id, via, null, 'not-probed', 'NOT_IMPLEMENTED', 'gpuprobe does not probe this yet'),
    );
  }
}
