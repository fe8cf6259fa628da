import { getSystemErrorName } from 'node:util';
import { GpuProbeError } from '../errors.js';
import { type Answer, noAnswer, takeRelayed } from './answer.js';
import { type Addon, type Binding, type Line, loadAddon } from './binding.js';
import { driverEnvironment } from './environment.js';
import type { EventFacts } from './frames.js';
import type { KindInfo, ProbeKind } from './kinds.js';
import { lostError } from './lost.js';
import { decodeFrame } from './records.js';
import { SilenceWatch } from './silence.js';
import { SnapshotReader } from './snapshot.js';

export type { Answer };

export interface Question {
  kind: ProbeKind;
  /** The GPU, for the context kinds: its UUID, else its PCI bus id. */
  device?: string;
  /** Its PCI bus id, for a CUDA that tells no UUIDs (drivers before 410). */
  pciBusId?: string;
  softMs: number;
  hardMs: number;
  /** Telemetry: also the lists of processes and encoder sessions. */
  lists?: boolean;
  /** Telemetry: a GPU that runtime power management has suspended is not asked, since that would wake it. */
  skipSuspended?: boolean;
  /** Does not keep the process alive; {@link holdLoop} does for whoever waits. */
  background?: boolean;
  /** Repeat the records of loading and initialising, which happened at the first question. */
  history?: boolean;
}

/** Where the driver's libraries come from: this machine, or a simulated one. */
export interface Source {
  ask(question: Question): Promise<Answer>;
  /** Waits for events in a process of its own, until that fails or is stopped. Not in thread mode: null. */
  listen(
    deadlines: Pick<Question, 'softMs' | 'hardMs'>,
    onEvent: (event: EventFacts) => void,
  ): Listening | null;
  readonly snapshots: SnapshotReader;
  /** Names by number: `nvml`, `cuda`, `probe`. */
  readonly names: Addon['binding']['layout']['names'];
  readonly kinds: Readonly<Record<ProbeKind, KindInfo>>;
}

/** Events that are waited for. */
export interface Listening {
  /** Why no more are: what failed. */
  ended: Promise<Answer>;
  stop(): void;
}

/** A simulated machine: the memory that its processes share, and the libraries through which they see it. */
export interface SimulatedMachine {
  /** Descriptor of its memory, which lives as long as any process has it. */
  fd: number;
  /** Directory of libnvidia-ml.so.1 and libcuda.so.1. */
  libraries: string;
  /** Names it among the machines of this process. */
  key: string;
}

export interface SourceOptions {
  inThread: boolean;
  /** Colon-separated directories tried before the dynamic linker's own. */
  libraryPath: string;
  /** A simulated machine, in place of this one. */
  machine?: SimulatedMachine;
}

/** By the addon's number of the source: a reader has a buffer of over a megabyte, and one is enough. */
const opened = new Map<string, Source>();

interface Pending {
  answer: Answer;
  onEvent: ((event: EventFacts) => void) | undefined;
  release(): void;
  resolve(answer: Answer): void;
  reject(error: GpuProbeError): void;
}

/** What `submit` answers where the system gives this process no further thread. */
const NO_THREAD = 2 ** 32 - 1;

/** The line of one environment to the hub, and the requests on it without an answer yet. */
interface OpenLine extends Line {
  pending: Map<number, Pending>;
}

/**
 * It belongs to the addon's exports, of which an environment mostly has one, and not to this module, which a test runner
 * may evaluate twice.
 */
const LINE = Symbol.for('gpuprobe.line');

function lineOf(addon: Addon): OpenLine {
  const exports = addon.binding as Binding & { [LINE]?: OpenLine };
  const known = exports[LINE];
  if (known !== undefined) return known;
  const pending = new Map<number, Pending>();
  const opened = exports.listen((request, type, payload) => onFrame(addon, pending, request, type, payload));
  const line = { ...opened, pending };
  exports[LINE] = line;
  return line;
}

/**
 * Keeps the process alive until what it gives back is called: for a promise that somebody waits for. Nothing else of
 * gpuprobe does.
 */
export function holdLoop(): () => void {
  const line = lineOf(loadAddon());
  let held = true;
  line.hold(true);
  return () => {
    if (held) line.hold(false);
    held = false;
  };
}

const silence = new SilenceWatch(() => {
  const warden = loadAddon().binding.wardenPid();
  // Its end rejects what it was asked; whether it is still there is the I/O thread's to know.
  if (warden > 0) process.kill(warden, 'SIGKILL');
});

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
  const isLast = type === frames.done || type === frames.lost;
  silence.heard(request, isLast);
  if (isLast) waiting.release();
  if (type === frames.check) {
    const check = decodeFrame(layout, 'check', payload);
    if (check !== undefined) waiting.answer.checks.push(check);
  } else if (type === frames.event) {
    const event = decodeFrame(layout, 'event', payload);
    if (event !== undefined) waiting.onEvent?.(event);
  } else if (type === frames.done) {
    const done = decodeFrame(layout, 'done', payload);
    if (done?.hasCheck === true) waiting.answer.checks.push(done.check);
    pending.delete(request);
    waiting.resolve(waiting.answer);
  } else if (type === frames.lost) {
    pending.delete(request);
    waiting.reject(lostError(addon, payload));
  } else {
    takeRelayed(waiting.answer, layout, type, payload);
  }
}

/** The number of the request. */
function submit(
  addon: Addon,
  source: number,
  inThread: boolean,
  question: Question,
  pending: Pending,
): number {
  const { flags, kinds } = addon.binding.layout;
  const line = lineOf(addon);
  const request = line.submit(
    inThread,
    kinds[question.kind].number,
    source,
    question.softMs,
    question.hardMs,
    (question.lists === true ? flags.lists : 0) |
      (question.history === true ? flags.history : 0) |
      (question.skipSuspended === true ? flags.skipSuspended : 0),
    question.device ?? '',
    question.pciBusId ?? '',
  );
  if (request === NO_THREAD) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_SOURCE',
      'this process cannot create another thread or file descriptor: raise its limits (ulimit -u, ulimit -n)',
    );
  }
  if (request === 0) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_THREAD_SOURCE',
      "isolation 'thread' is already in use for another driver in this process; it cannot be changed while the process lives",
    );
  }
  line.pending.set(request, pending);
  return request;
}

function ask(addon: Addon, source: number, inThread: boolean, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const release = question.background === true ? () => {} : holdLoop();
    const pending = { answer: noAnswer(), onEvent: undefined, release, resolve, reject };
    try {
      const request = submit(addon, source, inThread, question, pending);
      if (!inThread) silence.asked(request, question.softMs);
    } catch (error) {
      release();
      reject(error);
    }
  });
}

function listen(
  addon: Addon,
  source: number,
  deadlines: Pick<Question, 'softMs' | 'hardMs'>,
  onEvent: (event: EventFacts) => void,
): Listening {
  let stop = () => {};
  const ended = new Promise<Answer>((resolve, reject) => {
    const pending = { answer: noAnswer(), onEvent, release: () => {}, resolve, reject };
    // A warden that says nothing of it is well: nothing has happened.
    const request = submit(addon, source, false, { kind: 'events', ...deadlines }, pending);
    stop = () => lineOf(addon).cancel(request);
  });
  return { ended, stop: () => stop() };
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
    listen: (deadlines, onEvent) => (options.inThread ? null : listen(addon, id, deadlines, onEvent)),
    snapshots: new SnapshotReader(binding, id, options.inThread),
    names: binding.layout.names,
    kinds: binding.layout.kinds,
  };
  opened.set(key, source);
  return source;
}
