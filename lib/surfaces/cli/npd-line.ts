import type { Report } from '../../probe/report.js';

/** node-problem-detector keeps so much of a plugin's message. */
const MOST_BYTES = 80;

/** As many names as there is room for, and how many are left; they stand worst first. */
function namesWithin(names: readonly string[], room: number): string {
  for (let count = names.length; count > 0; count--) {
    const left = names.length - count;
    const text = names.slice(0, count).join(', ') + (left > 0 ? ` +${left}` : '');
    if (text.length <= room) return text;
  }
  return `${names.length} findings`;
}

/**
 * A report as the one line that node-problem-detector's custom plugins print: the verdict and what is behind it, plain
 * ASCII, at most 80 bytes. gpuprobe's own exit codes are what it reads: 0 fine, 1 a problem, others not known.
 */
export function npdLine({ verdict, findings, devices, simulated }: Report): string {
  const start = `${simulated ? 'simulated ' : ''}${verdict}: `;
  const ids = [...new Set(findings.map(({ id }) => id))];
  const gpus = devices.length === 1 ? '1 GPU' : `${devices.length} GPUs`;
  return `${start}${ids.length === 0 ? gpus : namesWithin(ids, MOST_BYTES - start.length)}\n`;
}
