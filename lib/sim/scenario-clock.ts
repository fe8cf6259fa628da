import { type Machine, readMachine } from './machine.js';
import { momentInWords } from './scenario/moment.js';

/** Returns a clock of the machine's scenario time: a time of day if the scenario has one, else seconds. */
export function scenarioClock(machine: Machine): () => string {
  const { startsAt } = readMachine(machine).scenario;
  return () => momentInWords(readMachine(machine).elapsedSeconds, startsAt);
}
