import { getSystemErrorName } from 'node:util';
import { GpuProbeError } from '../errors.js';
import { type Binding, loadAddon } from '../native/binding.js';
import type { SimulatedMachine } from '../native/source.js';
import { simulatorLibraries } from './libraries.js';
import { change as checkedChange } from './scenario/change.js';
import { missingFunctions } from './scenario/exports.js';
import { flatten, Generations } from './scenario/flatten.js';
import { CHANGE, type MachineChange, type Scenario } from './scenario/format.js';
import { loadScenario } from './scenario/load.js';
import { merge } from './scenario/merge.js';
import { isMoment, MOST_SECONDS, secondsFromStart } from './scenario/moment.js';
import { Origin } from './scenario/origin.js';
import { statesOf } from './scenario/states.js';
import type { Simulation } from './simulation.js';

export type Machine = SimulatedMachine;

/** State in a machine's memory, for the next process that changes it. */
interface Held {
  name: string;
  scenario: Scenario;
  change?: MachineChange;
  frozenAtMs?: number;
  generations: ReturnType<Generations['after']>;
}

/** The current state of a running machine. */
export interface RunningMachine {
  /** The scenario from which it was started. */
  name: string;
  /** Scenario time. */
  elapsedSeconds: number;
  /** Number of driver calls by all its processes. */
  calls: { nvml: number; cuda: number };
  /** Starts at 1 and increases by one with each change. */
  revision: number;
  /** Changes since the start; they override the timeline. */
  change: MachineChange;
  scenario: Scenario;
}

function refused(errno: number, what: string): GpuProbeError {
  const reasons: Record<string, string> = {
    EINVAL: 'not a simulated machine created by this version of gpuprobe',
    ENOSPC: 'it was changed too many times; start a new one',
    ENOENT: 'it no longer exists: the program that ran it has ended',
    EACCES: "it belongs to another user's process",
  };
  const name = getSystemErrorName(errno);
  return new GpuProbeError('ERR_GPUPROBE_SIMULATION', `${what}: ${reasons[name] ?? name}`, { cause: errno });
}

/** Machines started by this process: one scenario is one machine while the process lives, like a real one. */
const started = new Map<string, Machine>();

/**
 * Starts a machine, or returns the one that this process has started in the same way.
 * @throws GpuProbeError ERR_GPUPROBE_SCENARIO_*, ERR_GPUPROBE_SIMULATOR_NOT_FOUND, ERR_GPUPROBE_SIMULATION
 */
export function startMachine({ scenario: name, speed = 1, from = 0 }: Simulation): Machine {
  const addon = loadAddon();
  const scenario = loadScenario(name);
  const fromMs = beginning(scenario, name, from);
  const generations = new Generations();
  const states = statesOf(scenario, new Origin(name));
  const text = flatten(states, generations);
  const libraries = simulatorLibraries(addon, missingFunctions(scenario));
  const key = JSON.stringify([text, libraries, speed, fromMs]);
  const known = started.get(key);
  if (known !== undefined) return known;
  const held: Held = { name, scenario, generations: generations.after(states) };
  const fd = addon.binding.createWorld(text, JSON.stringify(held), speed, fromMs);
  if (fd < 0) throw refused(fd, `the simulated machine "${name}" could not be made`);
  const machine = { fd, libraries, key };
  started.set(key, machine);
  return machine;
}

function beginning(scenario: Scenario, name: string, from: number | string): number {
  if (!isMoment(from)) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_INVALID_OPTION',
      `from must be seconds from 0 to ${MOST_SECONDS}, or a time such as "12:28:18", not ${JSON.stringify(from)}`,
    );
  }
  if (typeof from === 'string' && scenario.startsAt === undefined) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_INVALID_OPTION',
      `from must be seconds: the scenario ${name} has no time of day`,
    );
  }
  return Math.round(secondsFromStart(from, scenario.startsAt ?? '00:00:00') * 1000);
}

/** A message (`says`) of a scenario's timeline. */
export interface Narration {
  /** Milliseconds after the start of the machine. */
  afterMs: number;
  /** Time as written in the scenario: a time of day, or seconds. */
  at: string;
  says: string;
}

/** Returns the scenario's messages from the start time on, in order. */
export function narrate({ scenario: name, speed = 1, from = 0 }: Simulation): Narration[] {
  const scenario = loadScenario(name);
  const fromMs = beginning(scenario, name, from);
  return (scenario.timeline ?? []).flatMap(({ at, says }) => {
    const afterMs = (secondsFromStart(at, scenario.startsAt ?? '00:00:00') * 1000 - fromMs) / speed;
    return says === undefined || afterMs < 0
      ? []
      : [{ afterMs, at: typeof at === 'number' ? `${at} s` : at, says }];
  });
}

/**
 * Opens a machine that another process runs.
 * @param path of its memory, as in `GPUPROBE_SIM_WORLD`
 * @throws GpuProbeError ERR_GPUPROBE_SIMULATION
 */
export function joinMachine(path: string): Machine {
  const addon = loadAddon();
  const fd = addon.binding.openWorld(path);
  if (fd < 0) throw refused(fd, `the simulated machine ${path} could not be opened`);
  const { scenario } = readHeld(addon.binding, fd).held;
  return { fd, libraries: simulatorLibraries(addon, missingFunctions(scenario)), key: path };
}

function readHeld(binding: Binding, fd: number) {
  const world = binding.readWorld(fd);
  if (typeof world === 'number') throw refused(world, 'the simulated machine could not be read');
  return { ...world, held: JSON.parse(world.json) as Held };
}

/** Returns the current state of a machine. */
export function readMachine({ fd }: Machine): RunningMachine {
  const { held, revision, elapsedMs, nvmlCalls, cudaCalls } = readHeld(loadAddon().binding, fd);
  const { name, scenario, change = {} } = held;
  const calls = { nvml: nvmlCalls, cuda: cudaCalls };
  return { name, elapsedSeconds: elapsedMs / 1000, calls, revision, change, scenario };
}

/**
 * Changes a machine while programs run on it; they see the change at their next call.
 * @param wanted what to set, as {@link MachineChange}; it is validated
 * @throws GpuProbeError ERR_GPUPROBE_SCENARIO_INVALID, ERR_GPUPROBE_SIMULATION
 */
export function changeMachine({ fd }: Machine, wanted: unknown): void {
  const { binding } = loadAddon();
  const origin = new Origin('change');
  const own = checkedChange(wanted, origin);
  for (;;) {
    const { held, revision, elapsedMs } = readHeld(binding, fd);
    const change = merge(held.change ?? {}, own, CHANGE) as MachineChange;
    const frozen = held.change?.readings === 'frozen' && held.frozenAtMs !== undefined;
    const frozenAtMs = frozen ? (held.frozenAtMs as number) : elapsedMs;
    const states = statesOf(held.scenario, origin, { change, atMs: frozenAtMs });
    const generations = new Generations(held.generations);
    const text = flatten(states, generations);
    const next: Held = { ...held, change, frozenAtMs, generations: generations.after(states) };
    const result = binding.appendWorld(fd, revision, text, JSON.stringify(next));
    if (result === 0) return;
    // EAGAIN: another process was faster. Its change stays, and this one is applied on top.
    if (getSystemErrorName(result) !== 'EAGAIN')
      throw refused(result, 'the simulated machine could not be changed');
  }
}
