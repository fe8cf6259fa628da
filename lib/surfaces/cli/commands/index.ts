import type { Command } from '../command.js';
import { check } from './check.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { sim } from './sim.js';
import { watch } from './watch.js';

/** Every command, in the order of the help; the first is the one that a line without a command means. */
export const COMMANDS: readonly [Command, ...Command[]] = [check, watch, explain, doctor, sim, demo];
