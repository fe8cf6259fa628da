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
  /** For the context kinds: the GPU's UUID, else its PCI bus id. */
  device?: string;
  /** Its PCI bus id, for CUDA versions without UUIDs (drivers before 410). */
  pciBusId?: string;
  softMs: number;
  hardMs: number;
  /** Telemetry: also reads the lists of processes and encoder sessions. */
  lists?: boolean;
  /** Telemetry: skips GPUs that runtime power management has suspended, because a reading would wake them. */
  skipSuspended?: boolean;
  /** Does not keep the process alive; for callers that wait, {@link holdLoop} does. */
  background?: boolean;
  /** Repeats the records of load and init from the first request. */
  history?: boolean;
}

/** Where the driver's libraries come from: this machine, or a simulated one. */
export interface Source {
  ask(question: Question): Promise<Answer>;
  /** Listens for events in a separate process until it fails or is stopped. Returns null in thread mode. */
  listen(
    deadlines: Pick<Question, 'softMs' | 'hardMs'>,
    onEvent: (event: EventFacts) => void,
  ): Listening | null;
  readonly snapshots: SnapshotReader;
  /** Names by code: `nvml`, `cuda`, `probe`. */
  readonly names: Addon['binding']['layout']['names'];
  readonly kinds: Readonly<Record<ProbeKind, KindInfo>>;
}

/** A running listener for events. */
export interface Listening {
  /** Resolves when listening has failed, with the reason. */
  ended: Promise<Answer>;
  stop(): void;
}

/** A simulated machine: the memory that its processes share, and the libraries that expose it. */
export interface SimulatedMachine {
  /** Descriptor of its memory, which lives while any process has it open. */
  fd: number;
  /** Directory of libnvidia-ml.so.1 and libcuda.so.1. */
  libraries: string;
  /** Identifies the machine within this process. */
  key: string;
}

export interface SourceOptions {
  inThread: boolean;
  /** Directories, separated by colons, that are searched before the dynamic linker's own. */
  libraryPath: string;
  /** The simulated machine to use instead of this one. */
  machine?: SimulatedMachine;
}

/** Sources by key: a reader has a buffer of over a megabyte, so each source has only one. */
const opened = new Map<string, Source>();

interface Pending {
  answer: Answer;
  onEvent: ((event: EventFacts) => void) | undefined;
  release(): void;
  resolve(answer: Answer): void;
  reject(error: GpuProbeError): void;
}

/** Result of `submit` if the system cannot create another thread for this process. */
const NO_THREAD = 2 ** 32 - 1;

/** One environment's connection to the hub, its pending requests, and the watch over their warden. */
interface OpenLine extends Line {
  pending: Map<number, Pending>;
  silence: SilenceWatch;
}

/**
 * Stored in the addon's exports, which usually exist once per environment, and not in this module, which a
 * test runner may evaluate twice.
 */
const LINE = Symbol.for('gpuprobe.line');

function lineOf(addon: Addon): OpenLine {
  const exports = addon.binding as Binding & { [LINE]?: OpenLine };
  const known = exports[LINE];
  if (known !== undefined) return known;
  const received: Pick<OpenLine, 'pending' | 'silence'> = {
    pending: new Map(),
    silence: new SilenceWatch(killWarden),
  };
  const opened = exports.listen((request, type, payload) => onFrame(addon, received, request, type, payload));
  const line = { ...opened, ...received };
  exports[LINE] = line;
  return line;
}

/**
 * Keeps the process alive until the returned function is called, for a promise with a waiting caller. Nothing
 * else in gpuprobe does this.
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

function killWarden(): void {
  const warden = loadAddon().binding.wardenPid();
  // The warden's end rejects its requests; the I/O thread notices whether it still exists.
  if (warden > 0) process.kill(warden, 'SIGKILL');
}

function onFrame(
  addon: Addon,
  { pending, silence }: Pick<OpenLine, 'pending' | 'silence'>,
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

/** Returns the number of the request. */
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
      if (!inThread) lineOf(addon).silence.asked(request, question.softMs);
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
 * Opens a source. The same options and environment give the same source, with its existing processes.
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
