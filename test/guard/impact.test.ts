import { afterEach, describe, expect, it } from 'vitest';
import { createGuard } from '../../lib/guard/create-guard.js';
import { createGpuProbe } from '../../lib/monitor/create-gpu-probe.js';
import type { Impact } from '../../lib/probe/report.js';
import { impactOn } from '../../lib/verdict/impact.js';
import type { Rule } from '../../lib/verdict/rule.js';
import { RULES } from '../../lib/verdict/rules/index.js';

/** A guard reads what a finding means, and knows no finding by its id: a rule of tomorrow is understood today. */

const added: Rule[] = [];
afterEach(() => {
  for (const rule of added.splice(0)) (RULES as Rule[]).splice(RULES.indexOf(rule), 1);
});

function addRule(impact: Impact): void {
  const rule: Rule = {
    id: 'of-tomorrow',
    impact,
    action: 'restart-app',
    scope: 'machine',
    title: 'A rule that no other code knows',
    meaning: 'Only a test has it.',
    detection: 'Always.',
    lookalikes: ['None.'],
    source: 'this test',
    find: () => [
      { device: null, summary: 'It is so.', observed: ['it'], inferred: [], remedy: ['Nothing.'] },
    ],
  };
  added.push(rule);
  (RULES as Rule[]).push(rule);
}

async function firstSession() {
  await using gpu = createGpuProbe({ simulate: 'healthy', logger: false });
  await using guard = createGuard(gpu, { maxSessions: 5 });
  const said = await guard.acquire({ id: 'a' }).then(
    () => 'admitted',
    (error) => error.limit,
  );
  const { breaker, monitoring } = guard.status();
  const { report } = gpu.latest();
  return {
    said,
    breaker: breaker.state,
    dark: monitoring.dark !== null,
    verdict: report?.verdict,
    answers: report?.answers,
  };
}

describe('a critical finding of a new rule', () => {
  it('that only says that nothing can be watched leaves the breaker closed, and the guard dark', async () => {
    addRule(impactOn({ watching: 'broken' }));
    expect(await firstSession()).toEqual({
      said: 'admitted',
      breaker: 'closed',
      dark: true,
      verdict: 'failed',
      answers: { starts: 'yes', watching: 'no' },
    });
  });

  it('that says that no work starts opens the breaker', async () => {
    addRule(impactOn({ starts: 'blocked' }));
    expect(await firstSession()).toEqual({
      said: 'health',
      breaker: 'open',
      dark: false,
      verdict: 'failed',
      answers: { starts: 'no', watching: 'yes' },
    });
  });

  it('that says that running work is lost stops no new work', async () => {
    addRule(impactOn({ running: 'lost' }));
    expect(await firstSession()).toMatchObject({ said: 'admitted', breaker: 'closed', verdict: 'failed' });
  });
});
