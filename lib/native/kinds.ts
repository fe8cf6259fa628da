import type { PROBE_KINDS } from './catalog.gen.js';

/** What may be asked. */
export type ProbeKind = (typeof PROBE_KINDS)[number];

/** What the addon says of a kind (`probes::KindInfo`). */
export interface KindInfo {
  /** To ask it by. */
  number: number;
  /** The check that it is about. */
  check: string;
  via: string;
  /** That it enters. */
  library: 'nvml' | 'cuda' | null;
  /** It opens the driver, unless its process has done so before. */
  opens: boolean;
}
