import type { Report } from '../../probe/report.js';

/** Longest message that node-problem-detector keeps. */
const MOST_BYTES = 80;

/** Returns as many names as fit, and how many are left. The worst come first. */
function namesWithin(names: readonly string[], room: number): string {
  for (let count = names.length; count > 0; count--) {
    const left = names.length - count;
    const text = names.slice(0, count).join(', ') + (left > 0 ? ` +${left}` : '');
    if (text.length <= room) return text;
  }
  return `${names.length} findings`;
}

/**
 * Returns a report as the one line that node-problem-detector's custom plugins print: the verdict and its
 * findings, plain ASCII, at most 80 bytes. The plugin reads gpuprobe's exit codes: 0 fine, 1 a problem,
 * others unknown.
 */
export function npdLine({ verdict, findings, devices, simulated }: Report): string {
  const start = `${simulated ? 'simulated ' : ''}${verdict}: `;
  const ids = [...new Set(findings.map(({ id }) => id))];
  const gpus = devices.length === 1 ? '1 GPU' : `${devices.length} GPUs`;
  return `${start}${ids.length === 0 ? gpus : namesWithin(ids, MOST_BYTES - start.length)}\n`;
}
