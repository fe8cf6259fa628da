import { CHECK_IDS, type CheckId } from '../native/catalog.gen.js';
import { BOOLEAN, checkOptions, integer, type Kind, type Limits, text, word } from '../options.js';
import { MOST_SPEED, type Simulation } from '../sim/simulation.js';

export type { Simulation };

/** A check, or `nvml`, `cuda`, `nvenc` or `egl` for all checks of that library. */
export type CheckSelector = CheckId | 'nvml' | 'cuda' | 'nvenc' | 'egl';

/** Options for `probe()`. Every option has a default. */
export interface ProbeOptions {
  /**
   * Milliseconds after which a check without an answer is reported as `timeout`. Default: NVML 5000,
   * CUDA 15 000; if the check opens the driver, 4000 more for each GPU in the kernel's list except the first,
   * because without persistence mode an open initialises them one after the other. The call itself continues;
   * if it returns, its process serves the next checks.
   */
  deadlineMs?: number;
  /** Milliseconds after which the process of a call that never answered is killed. Default 60 000. */
  hardDeadlineMs?: number;
  /** Runs only these checks, and what they need. Default: all. */
  checks?: readonly CheckSelector[];
  /**
   * `process` (default): driver calls run in helper processes. `thread`: they run on one thread of this
   * process, for systems that forbid exec; then a crash or an exit-time deadlock of the driver affects this
   * process.
   */
  isolation?: 'process' | 'thread';
  /** Fails unless at least this many GPUs answer. */
  require?: number;
  /** Loads the libraries even if the kernel has no NVIDIA driver. */
  force?: boolean;
  /** Probes a simulated machine instead of this one: a scenario's name or path, or also its time options. */
  simulate?: string | Simulation;
  /** Bytes of free GPU memory below which no CUDA context is created. Default 1 GiB. */
  contextReserveBytes?: number;
  /** Directories, separated by colons, that are searched first for the driver's libraries. */
  libraryPath?: string;
}

/** What `checks` may name. */
export const CHECK_SELECTORS: readonly CheckSelector[] = [...CHECK_IDS, 'nvml', 'cuda', 'nvenc', 'egl'];

/** Options with every default filled in. */
export interface ResolvedOptions {
  nvmlDeadlineMs: number;
  cudaDeadlineMs: number;
  hardDeadlineMs: number;
  /** Extra deadline for each GPU except the first, if a check opens the driver. */
  deadlinePerGpuMs: number;
  checks: ReadonlySet<CheckId>;
  isolation: 'process' | 'thread';
  require: number | undefined;
  force: boolean;
  simulate: Simulation | undefined;
  contextReserveBytes: number;
  libraryPath: string;
}

const NVML_DEADLINE_MS = 5_000;
const CUDA_DEADLINE_MS = 15_000;
/**
 * Without persistence mode, an open initialises each GPU, which takes 1 to 3 s (NVIDIA's driver-persistence
 * documentation); 25 s were too short for 8 GPUs (Azure/AgentBaker#2897).
 */
const DEADLINE_PER_GPU_MS = 4_000;
/** GSP RPC timeouts return after 45 s (open-gpu-kernel-modules#446); a kill before that can do harm. */
const HARD_DEADLINE_MS = 60_000;
/** A context takes 100 to 550 MiB for a moment. */
const CONTEXT_RESERVE_BYTES = 2 ** 30;

/** Limits of options, shared with the command line. */
export const DEADLINE_MS: Limits = { least: 1, most: 3_600_000 };
export const REQUIRED_GPUS: Limits = { least: 1, most: 64 };
export const ISOLATIONS = ['process', 'thread'] as const;

const TEXT = text();

/** Does not check `from`, because that needs the scenario. */
function isSimulation(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { scenario, speed = 1, from: _, ...others } = value as Record<string, unknown>;
  return (
    Object.keys(others).length === 0 &&
    TEXT.accepts(scenario) &&
    typeof speed === 'number' &&
    speed >= 1 &&
    speed <= MOST_SPEED
  );
}

export const KINDS: Record<keyof ProbeOptions, Kind> = {
  deadlineMs: integer(DEADLINE_MS.least, DEADLINE_MS.most),
  hardDeadlineMs: integer(DEADLINE_MS.least, DEADLINE_MS.most),
  checks: {
    expected: `a list of ${CHECK_SELECTORS.join(', ')}`,
    accepts: (value) =>
      Array.isArray(value) && value.length > 0 && value.every((item) => CHECK_SELECTORS.includes(item)),
  },
  isolation: word(ISOLATIONS),
  require: integer(REQUIRED_GPUS.least, REQUIRED_GPUS.most),
  force: BOOLEAN,
  simulate: {
    expected: `the name or path of a scenario, or { scenario, speed: 1 to ${MOST_SPEED}, from: seconds or a time of day }`,
    accepts: (value) => TEXT.accepts(value) || isSimulation(value),
  },
  contextReserveBytes: integer(0, Number.MAX_SAFE_INTEGER),
  libraryPath: TEXT,
};

function selected(selectors: readonly CheckSelector[] | undefined): Set<CheckId> {
  if (selectors === undefined) return new Set(CHECK_IDS);
  return new Set(
    CHECK_IDS.filter((id) => selectors.some((selector) => id === selector || id.startsWith(`${selector}.`))),
  );
}

/**
 * Checks every option and fills in the defaults.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; the message says what is allowed
 */
export function resolveOptions(options: ProbeOptions): ResolvedOptions {
  checkOptions(options, KINDS);
  const nvmlDeadlineMs = options.deadlineMs ?? NVML_DEADLINE_MS;
  const cudaDeadlineMs = options.deadlineMs ?? CUDA_DEADLINE_MS;
  return {
    nvmlDeadlineMs,
    cudaDeadlineMs,
    deadlinePerGpuMs: options.deadlineMs === undefined ? DEADLINE_PER_GPU_MS : 0,
    hardDeadlineMs: Math.max(options.hardDeadlineMs ?? HARD_DEADLINE_MS, nvmlDeadlineMs, cudaDeadlineMs),
    checks: selected(options.checks),
    isolation: options.isolation ?? 'process',
    require: options.require,
    force: options.force ?? false,
    simulate: typeof options.simulate === 'string' ? { scenario: options.simulate } : options.simulate,
    contextReserveBytes: options.contextReserveBytes ?? CONTEXT_RESERVE_BYTES,
    libraryPath: options.libraryPath ?? '',
  };
}
