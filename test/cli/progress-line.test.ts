import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../lib/surfaces/cli/context.js';
import { facts } from '../verdict/facts.js';
import { gpuprobe, reportOf } from './context.js';

const ERASE = '\r\u001b[2K';

/** A probe that reports progress at these moments, and what the terminal sees of it. */
async function seen(moments: number[], env: CliContext['env'] = {}, isTTY = true): Promise<string[]> {
  const written: string[] = [];
  let now = 0;
  await gpuprobe('--json', {
    env,
    now: () => now,
    stderr: { isTTY, columns: 80, write: (text) => written.push(text) },
    probe: async (_options, { onProgress }) => {
      for (const moment of moments) {
        now = moment;
        onProgress({ check: 'nvml.init', via: 'telemetry', waitedMs: moment, deadlineMs: 5000 });
      }
      return reportOf(facts());
    },
  });
  return written;
}

describe('the progress line', () => {
  it('appears after a second, and leaves no trace', async () => {
    expect(await seen([200, 900, 3000])).toEqual([
      `${ERASE}waiting for nvml.init (telemetry): 3.0 s of 5.0 s`,
      ERASE,
    ]);
  });

  it('does not appear for a probe that is quick, nor off a terminal', async () => {
    expect(await seen([200])).toEqual([]);
    expect(await seen([3000], {}, false)).toEqual([]);
    expect(await seen([3000], { TERM: 'dumb' })).toEqual([]);
  });
});
