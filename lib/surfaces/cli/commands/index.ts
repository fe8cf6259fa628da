import type { Command } from '../command.js';
import { check } from './check.js';
import { demo } from './demo.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { sim } from './sim.js';
import { watch } from './watch.js';

/** Every command, in the order of the help. The first is the default command. */
export const COMMANDS: readonly [Command, ...Command[]] = [check, watch, explain, doctor, sim, demo];
