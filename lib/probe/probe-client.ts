import { GpuProbeError } from '../errors.js';
import { noAnswer } from '../native/answer.js';
import type { CheckFacts } from '../native/frames.js';
import type { ProbeKind } from '../native/kinds.js';
import type { Answer, Question, Source } from '../native/source.js';
import type { ResolvedOptions } from './options.js';
import type { CheckId, Via } from './report.js';

/** What is being waited for; reported about ten times a second while a check runs. */
export interface Progress {
  check: CheckId;
  via: Via;
  waitedMs: number;
  deadlineMs: number;
}

/** Called repeatedly while a check runs. */
export type OnProgress = (progress: Progress) => void;

const PROGRESS_INTERVAL_MS = 100;

/** What to ask, in addition to the kind and the deadlines. */
type Extra = Partial<Question> & {
  /** True if the process that is asked has the driver open. */
  isOpen?: boolean;
};

/** A request without an answer yet. */
export interface Waiting {
  check: CheckId;
  via: Via;
  /** UUID of the GPU, else its PCI bus id; null for the machine. */
  device: string | null;
  /** Milliseconds of the caller's clock. */
  sinceMs: number;
}

/** How requests are made, in addition to the options. */
export interface RequestOptions {
  onProgress?: OnProgress | undefined;
  /** For a monitor: requests do not keep the process alive, and a lost warden is an ordinary answer. */
  background?: boolean;
  /** Holds the requests that are being waited for. */
  waiting?: Set<Waiting>;
  nowMs?: () => number;
}

/** Asks a source within the deadlines, and tracks the libraries in which a call has not returned. */
export class ProbeClient {
  readonly inThread: boolean;
  simulated = false;
  /** Number of GPUs in the kernel's list: opening the driver may take longer with each. */
  kernelGpus = 0;
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #requestOptions: RequestOptions;
  readonly #stuck = new Set<'nvml' | 'cuda' | null>();

  constructor(options: ResolvedOptions, source: Source, requestOptions: RequestOptions) {
    this.inThread = options.isolation === 'thread';
    this.#options = options;
    this.#source = source;
    this.#requestOptions = requestOptions;
  }

  /** Returns the check of a kind. */
  check(kind: ProbeKind): CheckId {
    return this.#source.kinds[kind].check as CheckId;
  }

  /** Returns the via of a kind's rows: in thread mode, one thread asks everything. */
  via(kind: ProbeKind): Via {
    return this.inThread && kind !== 'nodes' ? 'thread' : (this.#source.kinds[kind].via as Via);
  }

  /** Returns true if a call of this run has not returned from the kind's library, or from the one thread. */
  isLibraryStuck(kind: ProbeKind): boolean {
    return this.inThread ? this.#stuck.size > 0 : this.#stuck.has(this.#source.kinds[kind].library);
  }

  async ask(kind: ProbeKind, { isOpen = false, ...extra }: Extra = {}): Promise<Answer> {
    const { background = false, waiting, nowMs = () => performance.now() } = this.#requestOptions;
    const { library } = this.#source.kinds[kind];
    const softMs = this.#deadlineMs(kind, isOpen);
    const hardMs = Math.max(this.#options.hardDeadlineMs, softMs);
    const own: Waiting = {
      check: this.check(kind),
      via: this.via(kind),
      device: extra.device ?? null,
      sinceMs: nowMs(),
    };
    const timer = this.#startProgress(own, softMs, nowMs);
    waiting?.add(own);
    try {
      const answer = await this.#source.ask({ kind, softMs, hardMs, background, ...extra });
      this.simulated ||= answer.checks.some((row) => row.simulated);
      if (answer.checks.some(({ outcome }) => outcome === 'timeout')) this.#stuck.add(library);
      return answer;
    } catch (error) {
      if (!background || !isWardenLost(error)) throw error;
      const lost = this.#lost(own, error, nowMs() - own.sinceMs);
      return noAnswer([lost]);
    } finally {
      waiting?.delete(own);
      clearInterval(timer);
    }
  }

  #deadlineMs(kind: ProbeKind, isOpen: boolean): number {
    const { cudaDeadlineMs, nvmlDeadlineMs, deadlinePerGpuMs } = this.#options;
    const { library, opens } = this.#source.kinds[kind];
    const ownMs = library === 'cuda' ? cudaDeadlineMs : nvmlDeadlineMs;
    return opens && !isOpen ? ownMs + deadlinePerGpuMs * Math.max(0, this.kernelGpus - 1) : ownMs;
  }

  #lost({ check, via, device }: Waiting, { message }: GpuProbeError, durationMs: number): CheckFacts {
    const code = Object.entries(this.#source.names.probe).find(([, name]) => name === 'WARDEN_LOST')?.[0];
    return {
      check,
      via,
      device: device ?? '',
      outcome: 'not-probed',
      api: 'probe',
      code: Number(code),
      driverFunction: '',
      detail: message,
      simulated: false,
      durationMs,
    };
  }

  #startProgress({ check, via, sinceMs }: Waiting, deadlineMs: number, nowMs: () => number) {
    const { onProgress } = this.#requestOptions;
    if (onProgress === undefined) return undefined;
    const tell = () => onProgress({ check, via, waitedMs: nowMs() - sinceMs, deadlineMs });
    return setInterval(tell, PROGRESS_INTERVAL_MS).unref();
  }
}

function isWardenLost(error: unknown): error is GpuProbeError {
  return error instanceof GpuProbeError && error.code.startsWith('ERR_GPUPROBE_WARDEN_');
}
