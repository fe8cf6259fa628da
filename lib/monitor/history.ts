import type { HistoryEntry } from '../verdict/history.js';

/** Shares of the history for the last looks and for the last sessions; the rest holds all earlier time. */
const RECENT_SHARE = 1 / 2;
const OLDER_SHARE = 1 / 4;

/**
 * Earlier looks in bounded memory. All recent looks are kept. Of older ones, one look is kept per number of
 * ended sessions: the last one with the fewest active sessions, because by then memory has settled. When
 * those are too many, every second one of the oldest is dropped, then every second of the rest, and so on, so
 * that they still span all time.
 */
export class History {
  readonly #room: { recent: number; older: number; oldest: number };
  readonly #recent: HistoryEntry[] = [];
  readonly #older: HistoryEntry[] = [];
  #oldest: { moment: HistoryEntry; place: number }[] = [];
  /** Of the oldest looks, every `#stride`-th is kept. */
  #stride = 1;
  #place = 0;

  constructor(size: number) {
    const recent = Math.max(1, Math.floor(size * RECENT_SHARE));
    const older = Math.max(1, Math.floor(size * OLDER_SHARE));
    this.#room = { recent, older, oldest: Math.max(2, size - recent - older) };
  }

  /** Oldest first. */
  all(): readonly HistoryEntry[] {
    return [...this.#oldest.map(({ moment }) => moment), ...this.#older, ...this.#recent];
  }

  last(): HistoryEntry | undefined {
    return this.#recent.at(-1);
  }

  add(moment: HistoryEntry): void {
    this.#recent.push(moment);
    // mutation: bounded-history
    if (this.#recent.length <= this.#room.recent) return;
    const leaving = this.#recent.shift();
    if (leaving !== undefined && isListed(leaving)) this.#keep(leaving);
  }

  #keep(moment: HistoryEntry): void {
    const last = this.#older.at(-1);
    if (last === undefined || ended(last) !== ended(moment)) this.#older.push(moment);
    else if (active(moment) <= active(last)) this.#older[this.#older.length - 1] = moment;
    const leaving = this.#older.length > this.#room.older ? this.#older.shift() : undefined;
    if (leaving !== undefined) this.#thin(leaving);
  }

  #thin(moment: HistoryEntry): void {
    const place = this.#place++;
    if (place % this.#stride === 0) this.#oldest.push({ moment, place });
    if (this.#oldest.length <= this.#room.oldest) return;
    this.#stride *= 2;
    this.#oldest = this.#oldest.filter((kept) => kept.place % this.#stride === 0);
  }
}

/** True if the look read the lists, so it knows which processes and sessions were present. */
const isListed = ({ devices }: HistoryEntry) =>
  devices.some(({ pids, encoderSessions }) => pids !== null || encoderSessions !== null);

/** A key that changes whenever a session ends on any GPU. */
const ended = ({ devices }: HistoryEntry) =>
  devices.map(({ id, sessions }) => `${id} ${sessions.ended}`).join();

const active = ({ devices }: HistoryEntry) =>
  devices.reduce((count, { sessions }) => count + sessions.ids.length, 0);
