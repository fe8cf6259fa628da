import { readdirSync, readlinkSync } from 'node:fs';
import { GpuProbeError } from '../errors.js';
import { changeMachine, joinMachine, type Machine, narrate, readMachine, startMachine } from './machine.js';
import { loadScenario, parseAssignments, scenarioSchema } from './scenario.js';
import { type Simulation, WORLD_VARIABLE } from './simulation.js';

/** What the command line does with simulated machines. */
export { listScenarios } from './scenario.js';
export { loadScenario, narrate, scenarioSchema };

/**
 * Returns the environment in which a program sees a simulated machine instead of this one. The machine lives
 * as long as this process, and any process that has entered it.
 * @throws GpuProbeError ERR_GPUPROBE_SCENARIO_*, ERR_GPUPROBE_SIMULATOR_NOT_FOUND, ERR_GPUPROBE_SIMULATION
 */
export function simulatedEnvironment(
  simulation: Simulation,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const { fd, libraries } = startMachine(simulation);
  return {
    ...environment,
    LD_LIBRARY_PATH: [libraries, environment.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    // Not only the descriptor's number, because programs close unknown descriptors before they start others.
    [WORLD_VARIABLE]: `/proc/${process.pid}/fd/${fd}`,
  };
}

/** Returns the path of a machine's memory: by the pid of its `gpuprobe sim`, else from the environment. */
function worldPath(world: string | null, environment: NodeJS.ProcessEnv): string {
  const path = world ?? environment[WORLD_VARIABLE];
  if (path === undefined) {
    throw new GpuProbeError(
      'ERR_GPUPROBE_SIMULATION',
      'there is no simulated machine here: run this inside `gpuprobe sim SCENARIO -- COMMAND`, or give the pid of gpuprobe sim with --world',
    );
  }
  return /^\d+$/.test(path) ? memoryOf(path) : path;
}

function memoryOf(pid: string): string {
  const folder = `/proc/${pid}/fd`;
  let descriptors: string[] = [];
  try {
    descriptors = readdirSync(folder);
  } catch (cause) {
    throw new GpuProbeError('ERR_GPUPROBE_SIMULATION', `there is no process ${pid} of this user`, { cause });
  }
  const worlds = descriptors.filter((fd) => linkOf(`${folder}/${fd}`).startsWith('/memfd:gpuprobe-world'));
  const [first, second] = worlds;
  if (first !== undefined && second === undefined) return `${folder}/${first}`;
  const count =
    first === undefined
      ? 'no simulated machine'
      : `${worlds.length} simulated machines: name one by its path`;
  throw new GpuProbeError('ERR_GPUPROBE_SIMULATION', `the process ${pid} runs ${count}`);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed in the meantime
  }
}

const join = (world: string | null, environment: NodeJS.ProcessEnv): Machine =>
  joinMachine(worldPath(world, environment));

/** Returns the current state of a running machine. */
export function runningMachine(world: string | null, environment: NodeJS.ProcessEnv) {
  return readMachine(join(world, environment));
}

/** Changes a running machine with `FIELD=VALUE` words. */
export function changeRunningMachine(
  world: string | null,
  environment: NodeJS.ProcessEnv,
  assignments: readonly string[],
): void {
  changeMachine(join(world, environment), parseAssignments(assignments));
}
