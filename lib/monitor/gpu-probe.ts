import type { Report } from '../probe/report.js';
import type { EventName, Listener } from './events.js';
import type { Latest } from './latest.js';

/** Options for `check()`. */
export interface CheckOptions {
  /**
   * Reads this now, even if the last report is recent. `lists`: the process and encoder session lists.
   * `canary`: the canaries; this also wakes GPUs that runtime power management has suspended.
   */
  renew?: 'lists' | 'canary';
}

/** A running monitor; see {@link createGpuProbe}. */
export interface GpuProbe extends AsyncDisposable {
  /** Returns the current state. Synchronous, takes nanoseconds, and makes no driver call. */
  latest(): Latest;
  /**
   * Returns a report that is at most `ttlMs` old: the last one, or that of a new look. Concurrent callers
   * share one look. Resolves however broken the GPU is.
   * @throws GpuProbeError if gpuprobe itself cannot work, ERR_GPUPROBE_CLOSED after `close()`, and
   * ERR_GPUPROBE_INVALID_OPTION
   */
  check(options?: CheckOptions): Promise<Report>;
  /**
   * Adds a listener for the event. Events also go to the channel `gpuprobe:NAME` of node:diagnostics_channel.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION if the event does not exist
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Removes the listener. */
  off<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Stops polling. Pending `check()` calls reject with ERR_GPUPROBE_CLOSED. */
  close(): Promise<void>;
}
