import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMANDS, seen } from './commands.js';
import { Machine } from './machine.js';

const LIMIT = 5;

describe('random commands', () => {
  it('never admit more than the limit, and lose no place for good', async () => {
    // Some 90,000 commands in all.
    const walks = fc.commands(COMMANDS, { maxCommands: 500, size: 'max' });
    await fc.assert(
      fc.asyncProperty(walks, async (commands) => {
        const machine = new Machine(LIMIT);
        await fc.asyncModelRun(() => ({ model: machine.model, real: machine }), commands);
        await machine.drain();
      }),
      { seed: 20251105, numRuns: 400 },
    );
    // Walks that never come anywhere would find nothing.
    expect([...seen].sort()).toEqual([
      'acquire ERR_GPUPROBE_LEASE_HELD',
      'acquire admitted',
      'acquire health',
      'acquire sessions',
      'reconcile entered',
      'reconcile freed',
      'reconcile leaking',
      'reconcile unlisted',
      'released false',
      'released null',
      'released true',
      'taken over',
    ]);
  });
});
