import type { Impact, Severity } from '../probe/report.js';

/** Returns an impact with these values; everything else is unaffected. */
export const impactOn = (touched: Partial<Impact>): Impact => ({
  starts: 'unaffected',
  watching: 'unaffected',
  running: 'unaffected',
  ...touched,
});

/** The impact if gpuprobe could not check, which says nothing about the GPU. */
export const NOT_SEEN = impactOn({ starts: 'unknown', watching: 'unknown' });

const CRITICAL: readonly string[] = ['blocked', 'broken', 'lost'];
const WARNING: readonly string[] = ['at-risk', 'degraded'];

/** Returns the severity. It follows from the impact, so the two cannot contradict each other. */
export function severityOf(impact: Impact): Severity {
  const values: string[] = Object.values(impact);
  if (values.some((value) => CRITICAL.includes(value))) return 'critical';
  return values.some((value) => WARNING.includes(value)) ? 'warning' : 'info';
}
