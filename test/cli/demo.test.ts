import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { cliPath, gpuprobe } from '../support/cli.js';
import { gpuprobe as inProcess } from './context.js';

describe('gpuprobe demo', () => {
  it('tells the incident to its end, and marks every line as simulated', async () => {
    const { status, stdout, stderr } = await gpuprobe(['demo', '--speed', '300']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('[SIMULATED]'))).toEqual([]);
    const text = lines.map((line) => line.slice('[SIMULATED]'.length).trim()).join(' ');
    // In this order, each after the one before.
    let from = 0;
    for (const told of [
      'Session 1 is admitted: 1 of 5.',
      'Session 4 is admitted: 4 of 5.',
      'WARNING: 4 of 5 sessions are in use.',
      'Session 5 is admitted: 5 of 5.',
      'Session 6 is REFUSED: GPU resource limit reached (5/5 sessions active).',
      'CRITICAL device-access-revoked',
      'Cause (likely): the access was taken away',
      'Session 7 is REFUSED: The GPU cannot take new sessions (device-access-revoked).',
      'the guard admits sessions again.',
      'Session 8 is admitted: 1 of 5.',
      'Try next:',
      'gpuprobe explain device-access-revoked',
    ]) {
      // The warning and the admission come of the same call.
      const at = text.indexOf(told, told.startsWith('WARNING') ? from - 200 : from);
      expect(at, told).toBeGreaterThanOrEqual(0);
      from = Math.max(from, at);
    }
    expect(text).toMatch(/MONITORING DOES NOT WORK: .*MONITORING WORKS AGAIN; it did not since 12:2[89]/);
    expect(text).not.toMatch(/Session [1-5] is REFUSED/);
  });

  it('ends quietly with its reader', async () => {
    const main = cliPath();
    const child = spawn(process.execPath, [main, 'demo', '--speed', '60'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    await once(child, 'exit');
    expect(errors).toBe('');
  });

  it('has a help of its own, with examples first', async () => {
    const { exitCode, stdout } = await inProcess('demo --help');
    expect(exitCode).toBe(0);
    expect(stdout.indexOf('Examples')).toBeLessThan(stdout.indexOf('Options'));
  });

  it.each([
    ['demo 3', /unexpected "3"/],
    ['demo --json', /--json goes with check/],
    ['demo --speed 601', /integer from 1 to 600/],
    ['demo -- nvidia-smi', /unexpected "--"/],
  ])('%s is a wrong command line', async (line, message) => {
    const { exitCode, stderr } = await inProcess(line);
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(message);
  });
});
