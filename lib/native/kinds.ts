/** What may be asked (`native/catalog/kinds.def`); a test holds this list to the addon's. */
export const PROBE_KINDS = [
  'nodes',
  'telemetry',
  'freshNvml',
  'freshCuda',
  'freshContext',
  'warmInit',
  'warmContext',
  'events',
  'libraries',
] as const;

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
