import { checkTogether } from './causes.js';
import { type MachineChange, type MachineState, type Scenario, STATE } from './format.js';
import { merge } from './merge.js';
import { secondsFromStart } from './moment.js';
import type { Origin } from './origin.js';

/** A machine's state from a time on, in milliseconds of scenario time. */
export interface TimedState {
  atMs: number;
  /** Start of frozen readings, if they are frozen. */
  frozenAtMs: number | undefined;
  state: MachineState;
}

const with_ = (state: MachineState, change: MachineChange | undefined): MachineState =>
  (change === undefined ? state : merge(state, change, STATE)) as MachineState;

/** Returns the milliseconds at which each step happens; they must increase. */
function stepTimes({ timeline = [], startsAt }: Scenario, origin: Origin): number[] {
  let last = 0;
  return timeline.map(({ at, says, set }, index) => {
    const path = `timeline[${index}]`;
    if (says === undefined && set === undefined) origin.add(path, 'needs "says" or "set"');
    if (typeof at === 'string' && startsAt === undefined) {
      origin.add(`${path}.at`, 'a time of day needs "startsAt", the one at which the scenario begins');
    }
    const atMs = Math.round(secondsFromStart(at, startsAt ?? '00:00:00') * 1000);
    if (atMs <= last) origin.add(`${path}.at`, 'must be later than the beginning and the step before');
    last = atMs;
    return atMs;
  });
}

function checkState(state: MachineState, devices: number, path: string, origin: Origin): void {
  const under = (inner: string) => (path === '' ? inner : `${path}.${inner}`);
  const refuse = (inner: string, message: string) => origin.add(under(inner), message);
  if (state.devices.length !== devices) {
    // Added devices have nothing that could be checked together.
    refuse('devices', `there are ${devices} devices; a machine loses one by "lost", and gains none`);
    return;
  }
  const missing = (state.faults ?? []).findIndex((fault) => fault.missing);
  if (path !== '' && missing >= 0) {
    refuse(
      `faults[${missing}].missing`,
      'cannot change: what a library exports is settled when it is loaded',
    );
  }
  checkTogether(state, path === '', refuse);
}

/**
 * Returns the states that a scenario's machine goes through.
 *
 * @param overlay changes made while it runs; they override the timeline
 * @param overlaidAtMs when the last change was made
 * @throws GpuProbeError `ERR_GPUPROBE_SCENARIO_INVALID`
 */
export function statesOf(
  scenario: Scenario,
  origin: Origin,
  overlay?: { change: MachineChange; atMs: number },
): TimedState[] {
  const { description: _, startsAt, timeline = [], ...first } = scenario;
  const times = stepTimes(scenario, origin);
  checkState(first, first.devices.length, '', origin);
  origin.throwIfInvalid();
  const states: TimedState[] = [];
  let plain: MachineState = first;
  for (const [index, atMs] of [0, ...times].entries()) {
    const step = timeline[index - 1];
    if (index > 0 && step?.set === undefined) continue;
    plain = with_(plain, step?.set);
    if (index > 0) checkState(plain, first.devices.length, `timeline[${index - 1}].set`, origin);
    const state = with_(plain, overlay?.change);
    if (overlay !== undefined) checkState(state, first.devices.length, 'change', origin);
    // Later states would repeat the mistakes of a wrong one.
    origin.throwIfInvalid();
    states.push({ atMs, frozenAtMs: frozenSince(state, atMs, states.at(-1), overlay), state });
  }
  return states;
}

function frozenSince(
  state: MachineState,
  atMs: number,
  before: TimedState | undefined,
  overlay: { change: MachineChange; atMs: number } | undefined,
): number | undefined {
  if (state.readings !== 'frozen') return undefined;
  if (overlay?.change.readings === 'frozen') return overlay.atMs;
  return before?.frozenAtMs ?? atMs;
}
