import { getSystemErrorName } from 'node:util';
import { GpuProbeError } from '../errors.js';
import { type Addon, type Binding, loadAddon, type Submit } from './binding.js';
import { driverEnvironment } from './environment.js';
import {
  type CheckFacts,
  type CudaDeviceFacts,
  decodeCheck,
  decodeCudaDevices,
  decodeDone,
  decodeLost,
  decodeNodes,
  type NodesFacts,
} from './frames.js';
import type { Machine } from './machine.js';
import { SilenceWatch } from './silence.js';
import { SnapshotReader } from './snapshot.js';

/** What may be asked (`probes::ProbeKind`). */
export type ProbeKind =
  | 'nodes'
  | 'telemetry'
  | 'freshNvml'
  | 'freshCuda'
  | 'freshContext'
  | 'warmInit'
  | 'warmContext';

export interface Question {
  kind: ProbeKind;
  /** UUID of the GPU, for the context kinds. */
  device?: string;
  softMs: number;
  hardMs: number;
  /** Telemetry: also the lists of processes and encoder sessions. */
  lists?: boolean;
  /** Repeat the records of loading and initialising, which happened at the first question. */
  history?: boolean;
}

/** All that came back for one question. */
export interface Answer {
  checks: CheckFacts[];
  nodes: NodesFacts | null;
  cudaDevices: CudaDeviceFacts[];
}

/** Where the driver's libraries come from: this machine, or a simulated one. */
export interface Source {
  ask(question: Question): Promise<Answer>;
  readonly snapshots: SnapshotReader;
  /** Names by number: `nvml`, `cuda`, `probe`. */
  readonly names: Addon['binding']['layout']['names'];
}

export interface SourceOptions {
  inThread: boolean;
  /** Colon-separated directories tried before the dynamic linker's own. */
  libraryPath: string;
  /** A simulated machine, in place of this one. */
  machine?: Machine;
}

/** By the addon's number of the source: a reader has a buffer of over a megabyte, and one is enough. */
const opened = new Map<string, Source>();

interface Pending {
  answer: Answer;
  resolve(answer: Answer): void;
  reject(error: GpuProbeError): void;
}

/** What `submit` answers where the system gives this process no further thread. */
const NO_THREAD = 2 ** 32 - 1;

/** The line of one environment to the hub, and the requests on it without an answer yet. */
interface Line {
  pending: Map<number, Pending>;
  submit: Submit;
}

/**
 * It belongs to the addon's exports, of which an environment mostly has one, and not to this module, which a test runner
 * may evaluate twice.
 */
const LINE = Symbol.for('gpuprobe.line');

function lineOf(addon: Addon): Line {
  const exports = addon.binding as Binding & { [LINE]?: Line };
  const known = exports[LINE];
  if (known !== undefined) return known;
  const pending = new Map<number, Pending>();
  const submit = exports.listen((request, type, payload) => onFrame(addon, pending, request, type, payload));
  const line = { pending, submit };
  exports[LINE] = line;
  return line;
}

const THREAD_REMEDY =
  "Where this process may not start another, use isolation: 'thread' (--isolation thread).";
const START_REMEDIES: Record<string, string> = {
  ENOENT: 'Reinstall the package; in a clone run `npm run build`.',
  EACCES: "Restore the file's x bit, or mount its file system without noexec.",
  ENOEXEC: 'The file is damaged, or of another platform. Reinstall the package.',
  EMFILE:
    "This process has no descriptor left: raise its limit (ulimit -n), or look for what doesn't close its own.",
  ENFILE: 'The machine has no descriptor left (fs.file-max).',
  EAGAIN: `No further process is allowed here: raise the limit (ulimit -u, the container's pids). ${THREAD_REMEDY}`,
  ENOMEM: `There is no memory for a further process. ${THREAD_REMEDY}`,
};

const silence = new SilenceWatch(() => {
  const warden = loadAddon().binding.wardenPid();
  // Its end rejects what it was asked; whether it is still there is the I/O thread's to know.
  if (warden > 0) process.kill(warden, 'SIGKILL');
});

function lostError(addon: Addon, payload: ArrayBuffer): GpuProbeError {
  const { startErrno, waitStatus, retryMs } = decodeLost(payload) ?? {
    startErrno: 0,
    waitStatus: 0,
    retryMs: 0,
  };
  if (retryMs > 0) {
    return new GpuProbeError(
      'ERR_GPUPROBE_WARDEN_BACKOFF',
      `the helper process ${addon.wardenPath} ended several times in a row (wait status ${waitStatus}); ` +
        `it is started again after ${retryMs} ms`,
      { cause: waitStatus, retryAfterMs: retryMs },
    );
  }
  // What is no errno has no name, and asking for it throws.
  if (startErrno <= 0) {
    return new GpuProbeError(
      'ERR_GPUPROBE_WARDEN_LOST',
      `the helper process gpuprobe-warden ended (wait status ${waitStatus}) with a probe in flight`,
      { cause: waitStatus },
    );
  }
  const name = getSystemErrorName(-startErrno);
  const remedy = START_REMEDIES[name] ?? THREAD_REMEDY;
  return new GpuProbeError(
    'ERR_GPUPROBE_WARDEN_START',
    `the helper process ${addon.wardenPath} could not be started: ${name}. ${remedy}`,
    { cause: startErrno },
  );
}

function onFrame(
  addon: Addon,
  pending: Map<number, Pending>,
  request: number,
  type: number,
  payload: ArrayBuffer,
): void {
  const waiting = pending.get(request);
  if (waiting === undefined) return;
  const { layout } = addon.binding;
  const { frames } = layout;
  silence.heard(request, type === frames.done || type === frames.lost);
  if (type === frames.check) {
    const check = decodeCheck(payload, layout);
    if (check !== undefined) waiting.answer.checks.push(check);
  } else if (type === frames.nodes) {
    waiting.answer.nodes = decodeNodes(payload, layout) ?? waiting.answer.nodes;
  } else if (type === frames.devices) {
    waiting.answer.cudaDevices = decodeCudaDevices(payload, layout) ?? [];
  } else if (type === frames.done) {
    const last = decodeDone(payload, layout);
    if (last !== undefined) waiting.answer.checks.push(last);
    pending.delete(request);
    waiting.resolve(waiting.answer);
  } else if (type === frames.lost) {
    pending.delete(request);
    waiting.reject(lostError(addon, payload));
  }
}

function ask(addon: Addon, source: number, inThread: boolean, question: Question): Promise<Answer> {
  const { flags, names } = addon.binding.layout;
  const { pending, submit } = lineOf(addon);
  return new Promise((resolve, reject) => {
    const request = submit(
      inThread,
      names.kinds.indexOf(question.kind),
      source,
      question.softMs,
      question.hardMs,
      (question.lists === true ? flags.lists : 0) | (question.history === true ? flags.history : 0),
      question.device ?? '',
    );
    if (request === NO_THREAD) {
      reject(
        new GpuProbeError(
          'ERR_GPUPROBE_SOURCE',
          'no thread or descriptor is to be had in this process: raise its limits (ulimit -u, ulimit -n)',
        ),
      );
      return;
    }
    if (request === 0) {
      reject(
        new GpuProbeError(
          'ERR_GPUPROBE_THREAD_SOURCE',
          "isolation 'thread' already runs on another driver in this process; a process is real or one scenario for good",
        ),
      );
      return;
    }
    if (!inThread) silence.asked(request, question.softMs);
    pending.set(request, { answer: { checks: [], nodes: null, cudaDevices: [] }, resolve, reject });
  });
}

/**
 * Opens a source; the same options and environment give the same one, with the processes it already has.
 * @throws GpuProbeError ERR_GPUPROBE_ADDON_NOT_FOUND, ERR_GPUPROBE_SOURCE
 */
export function openSource(options: SourceOptions): Source {
  const addon = loadAddon();
  const { binding } = addon;
  const environment = driverEnvironment(process.env);
  const { machine } = options;
  const libraryPath = [options.libraryPath, process.env.LD_LIBRARY_PATH ?? ''].filter(Boolean).join(':');
  const directories = machine?.libraries ?? libraryPath;
  const id = binding.openSource(directories, environment, machine?.fd ?? -1, machine?.key ?? '');
  if (id < 0) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_SOURCE',
      `the driver source could not be opened: ${getSystemErrorName(id)}`,
    );
  }
  const key = `${id} ${options.inThread}`;
  const source = opened.get(key) ?? {
    ask: (question) => ask(addon, id, options.inThread, question),
    snapshots: new SnapshotReader(binding, id, options.inThread),
    names: binding.layout.names,
  };
  opened.set(key, source);
  return source;
}
