import type { CheckFacts, CudaDeviceFacts, NodesFacts } from '../native/frames.js';
import { openSource, type Question, type Source } from '../native/source.js';
import { toCheck, toNodesCheck, unasked } from './check.js';
import { deviceId, nameByElimination, toDevice } from './device.js';
import { describeHost } from './host.js';
import type { ResolvedOptions } from './options.js';
import type { Check, CheckId, Device, Driver, Facts, Via } from './report.js';

/** What is being waited for; told about ten times a second while a check runs. */
export interface Progress {
  check: CheckId;
  via: Via;
  waitedMs: number;
  deadlineMs: number;
}

export type OnProgress = (progress: Progress) => void;

type Kind = Question['kind'];

const PROGRESS_INTERVAL_MS = 100;

const ABOUT: Record<Kind, { check: CheckId; via: Via }> = {
  nodes: { check: 'nodes', via: 'layer0' },
  telemetry: { check: 'nvml.telemetry', via: 'telemetry' },
  freshNvml: { check: 'nvml.init', via: 'fresh' },
  freshCuda: { check: 'cuda.init', via: 'fresh' },
  freshContext: { check: 'cuda.context', via: 'fresh' },
  warmInit: { check: 'cuda.init', via: 'warm' },
  warmContext: { check: 'cuda.context', via: 'warm' },
};

const KIND_IS_CUDA = (kind: Kind) => ABOUT[kind].check.startsWith('cuda.');

/** A GPU that contexts may be created on. */
interface ContextTarget {
  id: string;
  uuid: string | null;
  /** Why no context is created on it; undefined: one is. */
  skip: { name: string; detail: string } | undefined;
}

const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

/**
 * One look at the machine, cheapest first: nodes, telemetry, the warm canary's cuInit, then what a fresh process
 * meets, then a context on each GPU. The warm canary opens CUDA before the fresh one asks, since only a process
 * that opened the driver earlier sees what the next session of a running server will.
 */
class Collection {
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #onProgress: OnProgress | undefined;
  readonly #inThread: boolean;
  readonly #checks: Check[] = [];
  #nodes: NodesFacts | null = null;
  #devices: Device[] = [];
  #cudaDevices: CudaDeviceFacts[] = [];
  #driver: Driver = { version: null, nvmlVersion: null, cudaVersion: null };
  #simulated = false;
  /** Libraries in which a call of this very run has not returned. */
  readonly #timedOut = new Set<'nvml' | 'cuda'>();

  constructor(options: ResolvedOptions, source: Source, onProgress: OnProgress | undefined) {
    this.#options = options;
    this.#source = source;
    this.#onProgress = onProgress;
    this.#inThread = options.isolation === 'thread';
  }

  async run(): Promise<void> {
    await this.#askNodes();
    if (!this.#driverPresent() && !this.#options.force) {
      this.#skipAll('NO_DRIVER', 'no NVIDIA driver; the library was not loaded (--force loads it)');
      return;
    }
    if (this.#wants('nvml.')) await this.#askTelemetry();
    const cuda = this.#wants('cuda.');
    const contexts = this.#options.checks.has('cuda.context');
    if (contexts && !this.#inThread) await this.#warmUp(this.#targets());
    await Promise.all([
      this.#wants('nvml.') && !this.#inThread ? this.#askFreshNvml() : undefined,
      cuda ? this.#askFreshCuda() : undefined,
    ]);
    // The look that counts is the last: access may have been revoked since the first.
    if (this.#inThread) await this.#askNodes();
    if (contexts) await this.#askContexts();
  }

  facts(started: Date, durationMs: number): Facts {
    const { checks } = this.#options;
    return {
      schemaVersion: 1,
      simulated: this.#simulated,
      takenAt: started.toISOString(),
      durationMs: Math.round(durationMs * 1000) / 1000,
      host: describeHost(this.#nodes),
      driver: this.#driver,
      // A prerequisite that failed explains why what was asked for is missing.
      checks: this.#checks.filter((row) => checks.has(row.id) || (row.outcome !== 'ok' && row.outcome !== 'skipped')),
      devices: this.#devices,
    };
  }

  #wants(prefix: string): boolean {
    return [...this.#options.checks].some((id) => id.startsWith(prefix));
  }

  /** Via of a row: one thread does everything in thread mode. */
  #via(via: Via): Via {
    return this.#inThread && via !== 'layer0' ? 'thread' : via;
  }

  #driverPresent(): boolean {
    const nodes = this.#nodes;
    return nodes !== null && (nodes.moduleLoaded || nodes.wsl || nodes.nodes.length > 0);
  }

  async #ask(kind: Kind, extra: Partial<Question> = {}) {
    const softMs = KIND_IS_CUDA(kind) ? this.#options.cudaDeadlineMs : this.#options.nvmlDeadlineMs;
    const started = performance.now();
    const report = () =>
      this.#onProgress?.({
        check: ABOUT[kind].check,
        via: this.#via(ABOUT[kind].via),
        waitedMs: performance.now() - started,
        deadlineMs: softMs,
      });
    const timer = this.#onProgress === undefined ? undefined : setInterval(report, PROGRESS_INTERVAL_MS);
    timer?.unref();
    try {
      const hardMs = this.#options.hardDeadlineMs;
      const answer = await this.#source.ask({ kind, softMs, hardMs, ...extra });
      this.#simulated ||= answer.checks.some((check) => check.simulated);
      if (answer.checks.some((check) => check.outcome === 'timeout')) {
        if (this.#inThread || !KIND_IS_CUDA(kind)) this.#timedOut.add('nvml');
        if (this.#inThread || KIND_IS_CUDA(kind)) this.#timedOut.add('cuda');
      }
      return answer;
    } finally {
      clearInterval(timer);
    }
  }

  #deviceOf(facts: CheckFacts): string | null {
    if (facts.device === '') return null;
    const index = /^index:(\d+)$/.exec(facts.device)?.[1];
    const device = this.#devices.find((item) => item.uuid === facts.device || String(item.index) === index);
    return device === undefined ? facts.device : deviceId(device);
  }

  #record(facts: CheckFacts[]): void {
    for (const item of facts) {
      const row = toCheck(item, this.#source.names, this.#deviceOf(item));
      // A context's own process loads and initialises CUDA too: worth a row only if that is what failed.
      const isRepeat = this.#checks.some(
        (other) => other.id === row.id && other.via === row.via && other.device === row.device,
      );
      if (!isRepeat || row.outcome !== 'ok') this.#checks.push(row);
    }
  }

  async #askNodes(): Promise<void> {
    if (this.#timedOut.size > 0) return;
    const answer = await this.#ask('nodes');
    this.#noteNodes(answer.nodes, answer.checks, 'layer0');
  }

  #noteNodes(nodes: NodesFacts | null, checks: CheckFacts[], via: Via): void {
    const asked = checks.find((check) => check.check === 'nodes');
    if (nodes === null) {
      if (asked !== undefined) this.#record([asked]);
      return;
    }
    this.#nodes = nodes;
    const row = toNodesCheck(nodes, this.#via(via), asked?.durationMs ?? 0);
    const earlier = this.#inThread ? this.#checks.findIndex((check) => check.id === 'nodes') : -1;
    if (earlier >= 0) this.#checks.splice(earlier, 1);
    this.#checks.push(row);
  }

  async #askTelemetry(): Promise<void> {
    const answer = await this.#ask('telemetry', { lists: true, history: true });
    const answered = answer.checks.some((check) => check.check === 'nvml.telemetry' && check.outcome !== 'timeout');
    const snapshot = answered ? this.#source.snapshots.read() : null;
    if (snapshot !== null) {
      this.#simulated ||= snapshot.simulated;
      this.#devices = snapshot.devices.map((facts) => toDevice(facts, this.#source.names.nvml));
      nameByElimination(this.#devices, this.#nodes?.gpus ?? []);
      const version = snapshot.cudaVersion;
      this.#driver = {
        version: snapshot.driverVersion || null,
        nvmlVersion: snapshot.nvmlVersion || null,
        cudaVersion: version > 0 ? `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}` : null,
      };
    }
    this.#record(answer.checks);
  }

  async #askFreshNvml(): Promise<void> {
    if (this.#timedOut.has('nvml')) {
      this.#besideTimeout('nvml.init', 'fresh', null);
      return;
    }
    const answer = await this.#ask('freshNvml');
    this.#noteNodes(answer.nodes, answer.checks, 'fresh');
    this.#record(answer.checks.filter((check) => check.check !== 'nodes'));
  }

  async #askFreshCuda(): Promise<void> {
    if (this.#timedOut.has('cuda')) {
      this.#besideTimeout('cuda.init', this.#via('fresh'), null);
      return;
    }
    const answer = await this.#ask('freshCuda', { history: true });
    this.#cudaDevices = answer.cudaDevices;
    this.#record(answer.checks);
  }

  /** The GPUs to create contexts on: NVML's, or CUDA's own where NVML does not answer. */
  #targets(): ContextTarget[] {
    if (this.#devices.some((device) => device.uuid !== null)) {
      return this.#devices.map((device) => ({
        id: deviceId(device),
        uuid: device.uuid,
        skip: this.#reasonToSkip(device),
      }));
    }
    return this.#cudaDevices.map(({ uuid }) => ({ id: uuid, uuid, skip: undefined }));
  }

  #reasonToSkip(device: Device): ContextTarget['skip'] {
    const free = device.memory.freeBytes;
    const reserve = this.#options.contextReserveBytes;
    if (device.uuid === null) return { name: 'NO_UUID', detail: 'NVML could not name this GPU' };
    if (device.migMode === true) return { name: 'MIG_ENABLED', detail: 'MIG mode: contexts go to MIG devices' };
    if (device.computeMode !== null && device.computeMode !== 'default' && device.computeMode !== 'unknown') {
      return { name: 'COMPUTE_MODE', detail: `compute mode ${device.computeMode}` };
    }
    if (free === null || free >= reserve) return undefined;
    return { name: 'LOW_MEMORY', detail: `${mebibytes(free)} free, under the reserve of ${mebibytes(reserve)}` };
  }

  async #warmUp(targets: ContextTarget[]): Promise<void> {
    for (const { uuid, skip } of targets) {
      if (uuid === null || skip !== undefined || this.#timedOut.has('cuda')) continue;
      const answer = await this.#ask('warmInit', { device: uuid });
      this.#record(answer.checks.filter((check) => check.outcome !== 'ok'));
    }
  }

  async #askContexts(): Promise<void> {
    const kinds: Kind[] = this.#inThread ? ['warmContext'] : ['warmContext', 'freshContext'];
    for (const target of this.#targets()) {
      for (const kind of kinds) await this.#askContext(kind, target);
    }
  }

  async #askContext(kind: Kind, target: ContextTarget): Promise<void> {
    const via = this.#via(ABOUT[kind].via);
    if (target.uuid === null || target.skip !== undefined) {
      const { name, detail } = target.skip ?? { name: 'NO_UUID', detail: '' };
      this.#checks.push(unasked('cuda.context', via, target.id, 'skipped', name, detail));
      return;
    }
    // What failed to initialise a moment ago has its row; a context would only say it again.
    const initFailed = this.#checks.some(
      (row) => row.id === 'cuda.init' && row.via === via && row.outcome === 'failed' && row.device === null,
    );
    if (initFailed) {
      const detail = 'cuInit failed in this kind of process';
      this.#checks.push(unasked('cuda.context', via, target.id, 'skipped', 'NOT_INITIALIZED', detail));
      return;
    }
    if (this.#timedOut.has('cuda')) {
      this.#besideTimeout('cuda.context', via, target.id);
      return;
    }
    const answer = await this.#ask(kind, { device: target.uuid });
    this.#record(answer.checks.filter((check) => check.check === 'cuda.context' || check.outcome !== 'ok'));
  }

  #besideTimeout(id: CheckId, via: Via, device: string | null): void {
    const detail = 'another call into this library has not returned';
    this.#checks.push(unasked(id, via, device, 'not-probed', 'BESIDE_TIMEOUT', detail));
  }

  #skipAll(name: string, detail: string): void {
    for (const id of this.#options.checks) {
      if (id === 'nodes') continue;
      const via = this.#via(id.startsWith('nvml.') ? 'telemetry' : 'fresh');
      this.#checks.push(unasked(id, via, null, 'skipped', name, detail));
    }
  }
}

/** NVIDIA's libraries exist for Linux (and Windows, which gpuprobe does not know): elsewhere there is no answer. */
function unsupportedPlatform(options: ResolvedOptions, started: Date): Facts {
  const detail = `gpuprobe probes Linux with glibc; this is ${process.platform}-${process.arch}`;
  return {
    schemaVersion: 1,
    simulated: false,
    takenAt: started.toISOString(),
    durationMs: 0,
    host: describeHost(null),
    driver: { version: null, nvmlVersion: null, cudaVersion: null },
    checks: [...options.checks].map((id) =>
      unasked(id, 'layer0', null, 'unsupported', 'PLATFORM_UNSUPPORTED', detail),
    ),
    devices: [],
  };
}

/**
 * Asks everything that the options select and gathers the answers. Never rejects for a sick GPU.
 * @throws GpuProbeError when gpuprobe itself cannot work: no addon, no warden, an unknown scenario
 */
export async function collect(options: ResolvedOptions, onProgress?: OnProgress): Promise<Facts> {
  const started = new Date();
  const startedMs = performance.now();
  if (process.platform !== 'linux') return unsupportedPlatform(options, started);
  const source = openSource({
    inThread: options.isolation === 'thread',
    libraryPath: options.libraryPath,
    ...(options.simulate === undefined ? {} : { simulate: options.simulate }),
  });
  const collection = new Collection(options, source, onProgress);
  await collection.run();
  return collection.facts(started, performance.now() - startedMs);
}
