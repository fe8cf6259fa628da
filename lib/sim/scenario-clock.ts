import { type Machine, readMachine } from './machine.js';
import { momentInWords } from './scenario/moment.js';

/** The time of a simulated machine in its scenario: a time of day where it has such, else seconds. */
export function scenarioClock(machine: Machine): () => string {
  const { startsAt } = readMachine(machine).scenario;
  return () => momentInWords(readMachine(machine).elapsedSeconds, startsAt);
}
