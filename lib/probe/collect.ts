import { GpuProbeError } from '../errors.js';
import type { CheckFacts, CudaDeviceFacts, NodesFacts } from '../native/frames.js';
import type { Machine } from '../native/machine.js';
import { type Simulation, WORLD_VARIABLE } from '../native/simulation.js';
import type { SnapshotFacts } from '../native/snapshot.js';
import { openSource, type ProbeKind, type Source } from '../native/source.js';
import { ABOUT, Asking, type OnProgress } from './asking.js';
import { toCheck, toNodesCheck, unasked } from './check.js';
import { nameByElimination, toDevice } from './device.js';
import { deviceId } from './device-id.js';
import { describeHost, hasGlibc } from './host.js';
import { CHECK_IDS, NOT_YET, type ResolvedOptions } from './options.js';
import type { Check, CheckId, Device, Driver, Facts, Via } from './report.js';
import { type ContextTarget, contextTargets } from './targets.js';

const VIA_ORDER: readonly Via[] = ['layer0', 'telemetry', 'warm', 'fresh', 'thread'];

const CUDA_NO_DEVICE = 100;

const UNKNOWN_DRIVER: Driver = { version: null, nvmlVersion: null, cudaVersion: null };

/** 12020 is CUDA 12.2. */
function cudaVersion(number: number): string | null {
  return number > 0 ? `${Math.floor(number / 1000)}.${Math.floor((number % 1000) / 10)}` : null;
}

/** A cuInit that finds nothing because the environment hides it is no fault of the driver. */
function withVisibility(check: CheckFacts): CheckFacts {
  if (check.check !== 'cuda.init' || check.outcome !== 'failed') return check;
  const set = `CUDA_VISIBLE_DEVICES is set to "${process.env.CUDA_VISIBLE_DEVICES}"`;
  return { ...check, detail: [check.detail, set].filter(Boolean).join('; ') };
}

const milliseconds = (value: number) => Math.round(value * 1000) / 1000;

/**
 * One look at the machine, cheapest first: nodes, telemetry, the warm canary's cuInit, then what a fresh process
 * meets, then a context on each GPU. The warm canary opens CUDA before the fresh one asks, since only a process
 * that opened the driver earlier sees what the next session of a running server will.
 */
class Collection {
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #asking: Asking;
  readonly #someHidden = process.env.CUDA_VISIBLE_DEVICES !== undefined;
  #checks: Check[] = [];
  #nodes: NodesFacts | null = null;
  #devices: Device[] = [];
  #cudaDevices: CudaDeviceFacts[] = [];
  #driver = UNKNOWN_DRIVER;

  constructor(options: ResolvedOptions, source: Source, onProgress: OnProgress | undefined) {
    this.#options = options;
    this.#source = source;
    this.#asking = new Asking(options, source, onProgress);
  }

  async run(): Promise<void> {
    const { inThread } = this.#asking;
    const contexts = this.#options.checks.has('cuda.context');
    const cuda = this.#wants('cuda.');
    const nvml = this.#wants('nvml.');
    this.#noteNotYet();
    await this.#askNodes();
    if (!this.#driverPresent() && !this.#options.force) {
      if (this.#nodes === null) {
        this.#leaveOutAll(
          'not-probed',
          'NODES_NOT_PROBED',
          'whether there is a driver could not be looked up',
        );
      } else {
        const detail = 'no NVIDIA driver; the library was not loaded (--force loads it)';
        this.#leaveOutAll('skipped', 'NO_DRIVER', detail);
      }
      return;
    }
    // A context is tried only where NVML says that there is room for it.
    if (nvml || contexts) await this.#askTelemetry();
    // Only CUDA knows which GPUs the variable's ordinals mean.
    if (cuda && this.#someHidden) await this.#askFreshCuda();
    if (contexts && !inThread) await this.#warmUp();
    await Promise.all([
      nvml && !inThread && this.#askFreshNvml(),
      cuda && !this.#someHidden && this.#askFreshCuda(),
    ]);
    // The look that counts is the last: access may have been revoked since the first.
    if (inThread && !this.#asking.isBesideTimeout('nodes')) await this.#askNodes();
    if (contexts) await this.#askContexts();
  }

  facts(started: Date, durationMs: number): Facts {
    return {
      schemaVersion: 1,
      simulated: this.#asking.simulated,
      takenAt: started.toISOString(),
      durationMs: milliseconds(durationMs),
      host: describeHost(this.#nodes, this.#asking.simulated),
      driver: this.#driver,
      checks: this.#orderedChecks(),
      devices: this.#devices,
      xids: null,
    };
  }

  /** In the order of the list of checks, the machine before its devices, whoever answered first. */
  #orderedChecks(): Check[] {
    const { checks } = this.#options;
    const names = this.#devices.map(deviceId);
    const rank = (row: Check) => [
      (CHECK_IDS as readonly CheckId[]).indexOf(row.id),
      row.device === null ? -1 : names.indexOf(row.device),
      VIA_ORDER.indexOf(row.via),
    ];
    return this.#checks
      .filter((row) => checks.has(row.id) || (row.outcome !== 'ok' && row.outcome !== 'skipped'))
      .map((row) => ({ row, rank: rank(row) }))
      .sort((a, b) => a.rank.map((value, i) => value - (b.rank[i] ?? 0)).find((value) => value !== 0) ?? 0)
      .map(({ row }) => row);
  }

  #wants(prefix: string): boolean {
    return [...this.#options.checks].some((id) => id.startsWith(prefix));
  }

  #driverPresent(): boolean {
    const nodes = this.#nodes;
    return nodes !== null && (nodes.moduleLoaded || nodes.wsl || nodes.nodes.length > 0);
  }

  #deviceOf(facts: CheckFacts): string | null {
    if (facts.device === '') return null;
    const index = /^index:(\d+)$/.exec(facts.device)?.[1];
    const device = this.#devices.find((item) => item.uuid === facts.device || String(item.index) === index);
    return device === undefined ? facts.device : deviceId(device);
  }

  /** `device`: whose process it was, for records that are about the process and not about a device. */
  #record(facts: readonly CheckFacts[], device: string | null = null): void {
    for (const item of facts) {
      this.#checks.push(toCheck(item, this.#source.names, this.#deviceOf(item) ?? device));
    }
  }

  async #askNodes(): Promise<void> {
    const answer = await this.#asking.ask('nodes');
    this.#checks = this.#checks.filter((row) => row.id !== 'nodes');
    this.#noteNodes(answer.nodes, answer.checks, 'layer0');
    // In thread mode the nodes are not looked at beside a call that does not return: the row says which.
    this.#record(answer.checks.filter(({ check }) => check !== 'nodes'));
  }

  #noteNodes(nodes: NodesFacts | null, checks: readonly CheckFacts[], via: Via): void {
    const asked = checks.filter((check) => check.check === 'nodes');
    if (nodes === null) {
      this.#record(asked);
      return;
    }
    this.#nodes = nodes;
    this.#checks.push(toNodesCheck(nodes, via, asked[0]?.durationMs ?? 0));
  }

  async #askTelemetry(): Promise<void> {
    const answer = await this.#asking.ask('telemetry', { lists: true, history: true });
    const answered = answer.checks.some(
      ({ check, outcome }) => check === 'nvml.telemetry' && (outcome === 'ok' || outcome === 'failed'),
    );
    const snapshot = answered ? this.#source.snapshots.read() : null;
    if (snapshot !== null) this.#noteSnapshot(snapshot);
    else this.#noteLibrary(answer.checks);
    if (!answered || snapshot !== null) return this.#record(answer.checks);
    // It says that it has read the devices, and what it has published cannot be: no data is never ok.
    this.#record(answer.checks.filter(({ check }) => check !== 'nvml.telemetry'));
    const detail = 'what the telemetry process has published is no snapshot';
    const via = this.#asking.via('telemetry');
    this.#checks.push(unasked('nvml.telemetry', via, null, 'not-probed', 'SNAPSHOT_MALFORMED', detail));
  }

  #noteSnapshot(snapshot: SnapshotFacts): void {
    this.#devices = snapshot.devices.map((facts) => toDevice(facts, snapshot.fields, this.#source.names));
    nameByElimination(this.#devices, this.#nodes?.gpus ?? []);
    this.#driver = {
      version: snapshot.driverVersion || null,
      nvmlVersion: snapshot.nvmlVersion || null,
      cudaVersion: cudaVersion(snapshot.cudaVersion),
    };
  }

  /** A library that does not fit its kernel module says no more than its own version. */
  #noteLibrary(checks: readonly CheckFacts[]): void {
    const refused = checks.find(({ check, outcome }) => check === 'nvml.init' && outcome === 'failed');
    const nvmlVersion = /^NVML library ([\w.]+)/.exec(refused?.detail ?? '')?.[1];
    if (nvmlVersion !== undefined) this.#driver = { ...this.#driver, nvmlVersion };
  }

  async #askFreshNvml(): Promise<void> {
    if (this.#leaveOutBesideTimeout('freshNvml', null)) return;
    const answer = await this.#asking.ask('freshNvml');
    this.#noteNodes(answer.nodes, answer.checks, 'fresh');
    this.#record(answer.checks.filter((check) => check.check !== 'nodes'));
  }

  async #askFreshCuda(): Promise<void> {
    if (this.#leaveOutBesideTimeout('freshCuda', null)) return;
    const answer = await this.#asking.ask('freshCuda', { history: true });
    this.#cudaDevices = answer.cudaDevices;
    this.#record(answer.checks.map((check) => (this.#someHidden ? withVisibility(check) : check)));
  }

  #targets(): ContextTarget[] {
    const { contextReserveBytes } = this.#options;
    const asked = this.#checks.find((row) => row.id === 'cuda.init' && row.via !== 'warm');
    const listed = asked?.outcome === 'ok' || asked?.code === CUDA_NO_DEVICE;
    const hidden = this.#someHidden && listed;
    return contextTargets(this.#devices, this.#cudaDevices, contextReserveBytes, hidden);
  }

  /** Loading and initialising in a canary is worth a row only where it failed; the context's row says the rest. */
  async #warmUp(): Promise<void> {
    for (const { id, uuid, skip } of this.#targets()) {
      if (uuid === null || skip !== undefined || this.#asking.isBesideTimeout('warmInit')) continue;
      const answer = await this.#asking.ask('warmInit', { device: uuid });
      this.#record(
        answer.checks.filter((check) => check.outcome !== 'ok'),
        id,
      );
    }
  }

  async #askContexts(): Promise<void> {
    const kinds: ProbeKind[] = this.#asking.inThread ? ['warmContext'] : ['warmContext', 'freshContext'];
    for (const target of this.#targets()) {
      for (const kind of kinds) await this.#askContext(kind, target);
    }
  }

  async #askContext(kind: ProbeKind, { id, uuid, skip }: ContextTarget): Promise<void> {
    const via = this.#asking.via(kind);
    if (uuid === null || skip !== undefined) {
      const { name, detail } = skip ?? { name: 'NO_UUID', detail: 'NVML could not name this GPU' };
      this.#checks.push(unasked('cuda.context', via, id, 'skipped', name, detail));
    } else if (this.#couldNotOpen(via, id)) {
      const detail = 'CUDA could not be opened in this kind of process';
      this.#checks.push(unasked('cuda.context', via, id, 'skipped', 'NOT_INITIALIZED', detail));
    } else if (!this.#leaveOutBesideTimeout(kind, id)) {
      const answer = await this.#asking.ask(kind, { device: uuid });
      this.#record(
        answer.checks.filter(({ check, outcome }) => check === 'cuda.context' || outcome !== 'ok'),
      );
    }
  }

  /** A context would only say again what failed a moment ago, or crash another process in the same place. */
  #couldNotOpen(via: Via, device: string): boolean {
    return this.#checks.some(
      (row) =>
        (row.id === 'cuda.load' || row.id === 'cuda.init') &&
        row.via === via &&
        (row.outcome === 'failed' || row.outcome === 'crashed') &&
        (row.device === null || row.device === device),
    );
  }

  #leaveOutBesideTimeout(kind: ProbeKind, device: string | null): boolean {
    if (!this.#asking.isBesideTimeout(kind)) return false;
    const detail = 'another call into this library has not returned';
    const via = this.#asking.via(kind);
    this.#checks.push(unasked(ABOUT[kind].check, via, device, 'not-probed', 'BESIDE_TIMEOUT', detail));
    return true;
  }

  #noteNotYet(): void {
    for (const id of NOT_YET) {
      if (!this.#options.checks.has(id)) continue;
      const detail = 'gpuprobe does not probe this yet';
      const via = this.#asking.via('freshCuda');
      this.#checks.push(unasked(id, via, null, 'not-probed', 'NOT_IMPLEMENTED', detail));
    }
  }

  #leaveOutAll(outcome: 'skipped' | 'not-probed', name: string, detail: string): void {
    for (const id of this.#options.checks) {
      if (id === 'nodes' || NOT_YET.includes(id)) continue;
      const via = this.#asking.via(id.startsWith('nvml.') ? 'telemetry' : 'freshCuda');
      this.#checks.push(unasked(id, via, null, outcome, name, detail));
    }
  }
}

/** NVIDIA's libraries exist for Linux (and Windows, which gpuprobe does not know): elsewhere there is no answer. */
function unsupportedPlatform(options: ResolvedOptions, started: Date): Facts {
  const detail = `gpuprobe probes Linux with glibc; this is ${process.platform}-${process.arch}`;
  const row = (id: CheckId) => unasked(id, 'layer0', null, 'unsupported', 'PLATFORM_UNSUPPORTED', detail);
  return {
    schemaVersion: 1,
    simulated: false,
    takenAt: started.toISOString(),
    durationMs: 0,
    host: describeHost(null, false),
    driver: UNKNOWN_DRIVER,
    checks: [...options.checks].map(row),
    devices: [],
    xids: null,
  };
}

/**
 * The machine to simulate, or the one that this process was started on by `gpuprobe sim`. The code for that is only
 * loaded where there is one: a one-shot check of a real machine is over sooner without.
 */
async function machineOf(simulate: Simulation | undefined): Promise<{ machine?: Machine }> {
  const path = process.env[WORLD_VARIABLE];
  if (simulate === undefined && path === undefined) return {};
  const { joinMachine, startMachine } = await import('../native/machine.js');
  return { machine: simulate === undefined ? joinMachine(path as string) : startMachine(simulate) };
}

/**
 * Asks everything that the options select and gathers the answers. Never rejects for a sick GPU.
 * @throws GpuProbeError when gpuprobe itself cannot work: no addon, no warden, an unknown scenario
 */
export async function collect(options: ResolvedOptions, onProgress?: OnProgress): Promise<Facts> {
  const started = new Date();
  const startedMs = performance.now();
  if (process.platform !== 'linux') return unsupportedPlatform(options, started);
  let source: Source;
  try {
    source = openSource({
      inThread: options.isolation === 'thread',
      libraryPath: options.libraryPath,
      ...(await machineOf(options.simulate)),
    });
  } catch (error) {
    // No addon loads on musl, and nothing is missing there that could be built.
    const isMusl =
      error instanceof GpuProbeError && error.code === 'ERR_GPUPROBE_ADDON_NOT_FOUND' && !hasGlibc();
    if (isMusl) return unsupportedPlatform(options, started);
    throw error;
  }
  const collection = new Collection(options, source, onProgress);
  await collection.run();
  return collection.facts(started, performance.now() - startedMs);
}
