import { channel } from 'node:diagnostics_channel';
import { GpuProbeError } from './errors.js';
import { describeValue } from './options.js';

/** The fields of every event. */
export interface EventBase<Type extends string> {
  type: Type;
  /** ISO 8601, UTC. */
  at: string;
}

/** Events by name. */
type EventMap = { [Name in string]: EventBase<Name> };

/** Called with each event of that name. */
type ListenerOf<Events, Name extends keyof Events> = (event: Events[Name]) => unknown;

/**
 * Listeners by event, for monitor and guard. An exception or a rejected promise in a listener is reported and
 * affects nothing else: neither a look nor an admission depends on listeners.
 */
export class Emitter<Events extends { [Name in keyof Events & string]: EventBase<Name> }> {
  readonly #listeners = new Map<string, Set<(event: never) => unknown>>();
  readonly #names: Readonly<Record<keyof Events & string, true>>;
  readonly #onError: (name: string, error: unknown) => void;

  /** @param names the events that exist */
  constructor(
    names: Readonly<Record<keyof Events & string, true>>,
    onError: (name: string, error: unknown) => void,
  ) {
    this.#names = names;
    this.#onError = onError;
  }

  /** @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION if the event or the listener is invalid */
  on<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): void {
    if (!Object.hasOwn(this.#names, name)) {
      const allowed = Object.keys(this.#names).join(', ');
      throw new GpuProbeError(
        'ERR_GPUPROBE_INVALID_OPTION',
        `no event is called ${describeValue(name)}; there are ${allowed}`,
      );
    }
    if (typeof listener !== 'function') {
      const got = describeValue(listener);
      throw new GpuProbeError(
        'ERR_GPUPROBE_INVALID_OPTION',
        `a listener for '${name}' must be a function, not ${got}`,
      );
    }
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener as (event: never) => unknown));
  }

  off<Name extends keyof Events & string>(name: Name, listener: ListenerOf<Events, Name>): void {
    this.#listeners.get(name)?.delete(listener as (event: never) => unknown);
  }

  /** Returns whether anybody listens; if not, the event need not be created. */
  isHeard(name: keyof Events & string): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0 || channel(`gpuprobe:${name}`).hasSubscribers;
  }

  clear(): void {
    this.#listeners.clear();
  }

  /** Calls the listeners, and publishes to `gpuprobe:NAME` of node:diagnostics_channel. */
  emit<Name extends keyof Events & string>(event: Events[Name]): void {
    const { type } = event as EventMap[string];
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      this.#call(type, listener as (event: Events[Name]) => unknown, event);
    }
    const subscribers = channel(`gpuprobe:${type}`);
    // Node reports a subscriber's error as an uncaught exception; that is the subscriber's problem.
    if (subscribers.hasSubscribers) subscribers.publish(event);
  }

  #call<Name extends keyof Events>(
    name: string,
    listener: (event: Events[Name]) => unknown,
    event: Events[Name],
  ): void {
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch((error) => this.#onError(name, error));
    } catch (error) {
      // mutation: listener-errors
      this.#onError(name, error);
    }
  }
}
