import type { CheckFacts, CudaDeviceFacts, NodesFacts } from '../native/frames.js';
import type { ProbeKind } from '../native/kinds.js';
import { notAsked } from './check.js';
import type { ResolvedOptions } from './options.js';
import type { ProbeClient } from './probe-client.js';
import type { Check, Device, Via } from './report.js';
import { type ContextTarget, contextTargets, NOT_NAMED } from './targets.js';

const CUDA_NO_DEVICE = 100;

/** The input of the canary part, and how its answers become rows. */
export interface CanarySubject {
  /** As telemetry lists them. */
  devices: readonly Device[];
  /** As CUDA last listed them. */
  cudaDevices: CudaDeviceFacts[];
  /** `device`: the device of the asking process, for records that name none. */
  named(facts: readonly CheckFacts[], device?: string | null): Check[];
  nodesRows(nodes: NodesFacts | null, checks: readonly CheckFacts[]): Check[];
  /** Repeats layer 0, in thread mode. */
  nodesAgain(): Promise<void>;
}

/** Adds the variable that hides GPUs: a cuInit that finds nothing because of it is not a driver fault. */
function withVisibility(check: CheckFacts): CheckFacts {
  if (check.check !== 'cuda.init' || check.outcome !== 'failed') return check;
  const set = `CUDA_VISIBLE_DEVICES is set to "${process.env.CUDA_VISIBLE_DEVICES}"`;
  return { ...check, detail: [check.detail, set].filter(Boolean).join('; ') };
}

/**
 * Runs the warm canary's cuInit, then the checks in a fresh process, then a context on each GPU. The warm
 * canary opens CUDA before the fresh one, because only a process that opened the driver earlier sees what the
 * next session of a running server will see.
 */
export class CanaryRun {
  readonly rows: Check[] = [];
  cudaDevices: CudaDeviceFacts[];
  readonly #options: ResolvedOptions;
  readonly #client: ProbeClient;
  readonly #subject: CanarySubject;
  readonly #someHidden = process.env.CUDA_VISIBLE_DEVICES !== undefined;

  constructor(options: ResolvedOptions, client: ProbeClient, subject: CanarySubject) {
    this.#options = options;
    this.#client = client;
    this.#subject = subject;
    this.cudaDevices = subject.cudaDevices;
  }

  async run(): Promise<void> {
    const { inThread } = this.#client;
    const { checks } = this.#options;
    const contexts = checks.has('cuda.context');
    const wants = (prefix: string) => [...checks].some((id) => id.startsWith(prefix));
    const [nvml, cuda] = [wants('nvml.'), wants('cuda.')];
    // Only CUDA knows which GPUs the variable's ordinals mean.
    if (cuda && this.#someHidden) await this.#askFreshCuda();
    if (contexts && !inThread) await this.#warmUp();
    await Promise.all([
      nvml && !inThread && this.#askFreshNvml(),
      cuda && !this.#someHidden && this.#askFreshCuda(),
    ]);
    // The last look counts, because access may have been revoked since the first.
    if (inThread && !this.#client.isLibraryStuck('nodes')) await this.#subject.nodesAgain();
    if (contexts) await this.#askContexts();
  }

  #note(facts: readonly CheckFacts[], device: string | null = null): void {
    this.rows.push(...this.#subject.named(facts, device));
  }

  async #askFreshNvml(): Promise<void> {
    if (this.#leaveOutBesideTimeout('freshNvml', null)) return;
    const answer = await this.#client.ask('freshNvml');
    this.rows.push(...this.#subject.nodesRows(answer.nodes, answer.checks));
    this.#note(answer.checks.filter((check) => check.check !== 'nodes'));
  }

  async #askFreshCuda(): Promise<void> {
    if (this.#leaveOutBesideTimeout('freshCuda', null)) return;
    const answer = await this.#client.ask('freshCuda', { history: true });
    this.cudaDevices = answer.cudaDevices;
    this.#note(answer.checks.map((check) => (this.#someHidden ? withVisibility(check) : check)));
  }

  #targets(): ContextTarget[] {
    const { contextReserveBytes } = this.#options;
    const asked = this.rows.find((row) => row.id === 'cuda.init' && row.via !== 'warm');
    const listed = asked?.outcome === 'ok' || asked?.code === CUDA_NO_DEVICE;
    const hidden = this.#someHidden && listed;
    return contextTargets(this.#subject.devices, this.cudaDevices, contextReserveBytes, hidden);
  }

  /** Adds rows for load and init in a canary only if they failed; the context's row says the rest. */
  async #warmUp(): Promise<void> {
    for (const { id, gpu, skip } of this.#targets()) {
      if (gpu === null || skip !== undefined || this.#client.isLibraryStuck('warmInit')) continue;
      const answer = await this.#client.ask('warmInit', gpu);
      this.#note(
        answer.checks.filter((check) => check.outcome !== 'ok'),
        id,
      );
    }
  }

  async #askContexts(): Promise<void> {
    const kinds: ProbeKind[] = this.#client.inThread ? ['warmContext'] : ['warmContext', 'freshContext'];
    for (const target of this.#targets()) {
      for (const kind of kinds) await this.#askContext(kind, target);
    }
  }

  async #askContext(kind: ProbeKind, { id, gpu, skip }: ContextTarget): Promise<void> {
    const via = this.#client.via(kind);
    if (gpu === null || skip !== undefined) {
      const { name, detail } = skip ?? NOT_NAMED;
      this.rows.push(notAsked('cuda.context', via, id, 'skipped', name, detail));
    } else if (this.#couldNotOpen(via, id)) {
      const detail = 'CUDA could not be opened in this kind of process';
      this.rows.push(notAsked('cuda.context', via, id, 'skipped', 'NOT_INITIALIZED', detail));
    } else if (!this.#leaveOutBesideTimeout(kind, id)) {
      const answer = await this.#client.ask(kind, gpu);
      const told = answer.checks.filter(({ check, outcome }) => check === 'cuda.context' || outcome !== 'ok');
      // CUDA may name the GPU differently from the report.
      this.#note(
        told.map((check) => (check.device === gpu.device ? { ...check, device: '' } : check)),
        id,
      );
    }
  }

  /** True if a context would only repeat a recent failure, or crash another process in the same place. */
  #couldNotOpen(via: Via, device: string): boolean {
    return this.rows.some(
      (row) =>
        (row.id === 'cuda.load' || row.id === 'cuda.init') &&
        row.via === via &&
        (row.outcome === 'failed' || row.outcome === 'crashed') &&
        (row.device === null || row.device === device),
    );
  }

  #leaveOutBesideTimeout(kind: ProbeKind, device: string | null): boolean {
    if (!this.#client.isLibraryStuck(kind)) return false;
    const detail = 'another call into this library has not returned';
    const via = this.#client.via(kind);
    this.rows.push(notAsked(this.#client.check(kind), via, device, 'not-probed', 'BESIDE_TIMEOUT', detail));
    return true;
  }
}
