import type { PROBE_KINDS } from './catalog.gen.js';

/** What may be asked. */
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** The addon's description of a kind (`probes::KindInfo`). */
export interface KindInfo {
  /** Number of the kind in requests. */
  number: number;
  /** The check that it answers. */
  check: string;
  via: string;
  /** The library that it enters. */
  library: 'nvml' | 'cuda' | null;
  /** True if it opens the driver, unless its process has already done so. */
  opens: boolean;
}
