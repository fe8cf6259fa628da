import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../lib/probe/report.js';
import { probe } from '../../lib/probe.js';
import { type HistoryEntry, historyEntryOf } from '../../lib/verdict/history.js';
import { judge } from '../../lib/verdict/judge.js';

/** Looks of the same machine, as a monitor takes and keeps them. */
async function watch(simulate: string): Promise<Finding[]> {
  const history: HistoryEntry[] = [];
  let findings: Finding[] = [];
  for (let look = 0; look < 3; look++) {
    // Far enough apart for the driver to have renewed its readings in between.
    if (look > 0) await sleep(1100);
    const report = await probe({ simulate, checks: ['nodes', 'nvml'] });
    findings = judge(report, { history }).findings;
    history.push(historyEntryOf(report));
  }
  return findings;
}

describe('readings that stand still', () => {
  it('are found on the GPUs whose energy should have grown', async () => {
    const findings = await watch('frozen');
    expect(findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual([
      'warning readings-frozen',
      'warning readings-frozen',
    ]);
    expect(findings[0]?.observed.join('\n')).toMatch(/energyJoules stands at/);
  });

  // An idle GPU reads the same but for its energy, in a simulation to the last digit.
  it.each(['idle', 'healthy', 'busy-8gpu', 'old-driver'])('are not seen on %s', async (scenario) => {
    expect(await watch(scenario)).toEqual([]);
  });
});
