import type { Moment } from '../verdict/history.js';

/** Of the room, how much is for the last looks, each of them; the rest is for older ones, of which some are kept. */
const RECENT_SHARE = 0.5;

/**
 * Earlier looks in bounded memory. The last ones are all there; of older ones stays, for each number of sessions that
 * had ended, the last with the fewest under way: then memory has settled. When even those are too many, every second one goes: what is
 * left still spans all the time.
 */
export class Moments {
  readonly #mostRecent: number;
  readonly #mostOlder: number;
  #recent: Moment[] = [];
  #older: Moment[] = [];

  constructor(size: number) {
    this.#mostRecent = Math.max(1, Math.floor(size * RECENT_SHARE));
    this.#mostOlder = Math.max(1, size - this.#mostRecent);
  }

  /** Oldest first. */
  all(): readonly Moment[] {
    return [...this.#older, ...this.#recent];
  }

  last(): Moment | undefined {
    return this.#recent.at(-1);
  }

  add(moment: Moment): void {
    this.#recent.push(moment);
    if (this.#recent.length <= this.#mostRecent) return;
    const leaving = this.#recent.shift();
    if (leaving !== undefined) this.#keep(leaving);
  }

  #keep(moment: Moment): void {
    if (!isListed(moment)) return;
    const last = this.#older.at(-1);
    if (last === undefined || ended(last) !== ended(moment)) this.#older.push(moment);
    else if (active(moment) <= active(last)) this.#older[this.#older.length - 1] = moment;
    if (this.#older.length > this.#mostOlder) this.#older = this.#older.filter((_, i) => i % 2 === 1);
  }
}

/** Only then it is known who was there. */
const isListed = ({ devices }: Moment) =>
  devices.some(({ pids, encoderSessions }) => pids !== null || encoderSessions !== null);

/** Changes with each session that ends, on whatever GPU. */
const ended = ({ devices }: Moment) => devices.map(({ id, sessions }) => `${id} ${sessions.ended}`).join();

const active = ({ devices }: Moment) =>
  devices.reduce((count, { sessions }) => count + sessions.ids.length, 0);
