import type { Report } from '../probe/report.js';
import type { EventName, Listener } from './events.js';
import type { Latest } from './latest.js';

/** What `check()` may be told. */
export interface CheckOptions {
  /**
   * Ask for this now, however new the last report is. `lists`: the lists of processes and of encoder sessions. `canary`:
   * the canaries, which also wakes GPUs that runtime power management has suspended.
   */
  renew?: 'lists' | 'canary';
}

/** Watches the GPUs from now on; see {@link createGpuProbe}. */
export interface GpuProbe extends AsyncDisposable {
  /** What is known now: synchronous, in nanoseconds, without asking anybody. */
  latest(): Latest;
  /**
   * A report that is not older than `ttlMs`: the last one, or one more look. Any number of callers at once are one to
   * the driver. Resolves however sick the GPU is.
   * @throws GpuProbeError when gpuprobe itself cannot work, ERR_GPUPROBE_CLOSED after `close()`, and
   * ERR_GPUPROBE_INVALID_OPTION
   */
  check(options?: CheckOptions): Promise<Report>;
  /**
   * Calls the listener with each such event from now on; they also go to `gpuprobe:NAME` of node:diagnostics_channel.
   * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION where there is no such event
   */
  on<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Calls it no more. */
  off<Name extends EventName>(name: Name, listener: Listener<Name>): this;
  /** Looks no more. Whoever waits in `check()` is rejected with ERR_GPUPROBE_CLOSED. */
  close(): Promise<void>;
}
