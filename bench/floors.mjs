import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { median } from './statistics.mjs';

const SOURCES = fileURLToPath(new URL('native', import.meta.url));

/** @param {string[]} args */
function cmake(args) {
  const { status, error, stdout, stderr } = spawnSync('cmake', args, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`the floors need cmake: ${error.message}`);
  if (status !== 0) throw new Error(`cmake ${args.join(' ')} failed:\n${stdout}${stderr}`);
}

/**
 * Builds the floors into `directory`; returns the program.
 * @param {string} directory
 */
export function buildFloors(directory) {
  cmake(['-S', SOURCES, '-B', directory]);
  cmake(['--build', directory]);
  return join(directory, 'floors');
}

/** The program that measures floors, a few iterations whenever asked. */
export class Floors {
  #process;
  #lines;

  /**
   * @param {string} program
   * @param {string} simulatorDirectory
   * @param {string} worldPath
   */
  constructor(program, simulatorDirectory, worldPath) {
    this.#process = spawn(program, [simulatorDirectory, worldPath], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Median nanoseconds of one iteration.
   * @param {'socketpair' | 'eventfd' | 'condition' | 'fork-exit' | 'snapshot' | 'snapshot-paced' | 'canary' | 'canary-driver'} floor
   * @param {number} count iterations
   */
  async median(floor, count) {
    this.#process.stdin.write(`${floor} ${count}\n`);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error('the floors program has ended');
    const answer = JSON.parse(line);
    if (answer.error !== undefined) throw new Error(`floor ${floor}: ${answer.error}`);
    return median(answer.ns);
  }

  close() {
    this.#process.stdin.end();
  }
}
