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
