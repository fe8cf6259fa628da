import type { Impact, Severity } from '../probe/report.js';

/** What a finding touches; the rest is unaffected. */
export const impactOn = (touched: Partial<Impact>): Impact => ({
  starts: 'unaffected',
  watching: 'unaffected',
  running: 'unaffected',
  ...touched,
});

/** gpuprobe could not look: this says nothing about the GPU. */
export const NOT_SEEN = impactOn({ starts: 'unknown', watching: 'unknown' });

const CRITICAL: readonly string[] = ['blocked', 'broken', 'lost'];
const WARNING: readonly string[] = ['at-risk', 'degraded'];

/** Severity follows from the impact, so that the two cannot contradict each other. */
export function severityOf(impact: Impact): Severity {
  const values: string[] = Object.values(impact);
  if (values.some((value) => CRITICAL.includes(value))) return 'critical';
  return values.some((value) => WARNING.includes(value)) ? 'warning' : 'info';
}
