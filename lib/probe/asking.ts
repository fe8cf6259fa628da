import type { Answer, ProbeKind, Question, Source } from '../native/source.js';
import type { ResolvedOptions } from './options.js';
import type { CheckId, Via } from './report.js';

/** What is being waited for; told about ten times a second while a check runs. */
export interface Progress {
  check: CheckId;
  via: Via;
  waitedMs: number;
  deadlineMs: number;
}

/** Told again and again while a check is awaited. */
export type OnProgress = (progress: Progress) => void;

const PROGRESS_INTERVAL_MS = 100;

/** What each kind of question is about. */
export const ABOUT: Record<ProbeKind, { check: CheckId; via: Via; library: 'nvml' | 'cuda' | null }> = {
  nodes: { check: 'nodes', via: 'layer0', library: null },
  telemetry: { check: 'nvml.telemetry', via: 'telemetry', library: 'nvml' },
  freshNvml: { check: 'nvml.init', via: 'fresh', library: 'nvml' },
  freshCuda: { check: 'cuda.init', via: 'fresh', library: 'cuda' },
  freshContext: { check: 'cuda.context', via: 'fresh', library: 'cuda' },
  warmInit: { check: 'cuda.init', via: 'warm', library: 'cuda' },
  warmContext: { check: 'cuda.context', via: 'warm', library: 'cuda' },
};

/** Asks a source within the deadlines, and keeps account of the libraries in which a call has not returned. */
export class Asking {
  readonly inThread: boolean;
  simulated = false;
  readonly #options: ResolvedOptions;
  readonly #source: Source;
  readonly #onProgress: OnProgress | undefined;
  readonly #stuck = new Set<'nvml' | 'cuda' | null>();

  constructor(options: ResolvedOptions, source: Source, onProgress: OnProgress | undefined) {
    this.inThread = options.isolation === 'thread';
    this.#options = options;
    this.#source = source;
    this.#onProgress = onProgress;
  }

  /** Via of a kind's rows: one thread asks everything in thread mode. */
  via(kind: ProbeKind): Via {
    return this.inThread && kind !== 'nodes' ? 'thread' : ABOUT[kind].via;
  }

  /** A call of this very run has not returned from the kind's library, or from the one thread. */
  isBesideTimeout(kind: ProbeKind): boolean {
    return this.inThread ? this.#stuck.size > 0 : this.#stuck.has(ABOUT[kind].library);
  }

  async ask(kind: ProbeKind, extra: Partial<Question> = {}): Promise<Answer> {
    const { cudaDeadlineMs, nvmlDeadlineMs, hardDeadlineMs } = this.#options;
    const { library } = ABOUT[kind];
    const softMs = library === 'cuda' ? cudaDeadlineMs : nvmlDeadlineMs;
    const timer = this.#startProgress(kind, softMs);
    try {
      const answer = await this.#source.ask({ kind, softMs, hardMs: hardDeadlineMs, ...extra });
      this.simulated ||= answer.checks.some((check) => check.simulated);
      if (answer.checks.some((check) => check.outcome === 'timeout')) this.#stuck.add(library);
      return answer;
    } finally {
      clearInterval(timer);
    }
  }

  #startProgress(kind: ProbeKind, deadlineMs: number): NodeJS.Timeout | undefined {
    const onProgress = this.#onProgress;
    if (onProgress === undefined) return undefined;
    const started = performance.now();
    const tell = () =>
      onProgress({
        check: ABOUT[kind].check,
        via: this.via(kind),
        waitedMs: performance.now() - started,
        deadlineMs,
      });
    return setInterval(tell, PROGRESS_INTERVAL_MS).unref();
  }
}
