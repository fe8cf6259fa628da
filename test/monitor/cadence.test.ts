import { describe, expect, it } from 'vitest';
import { Cadence } from '../../lib/monitor/cadence.js';

describe('a cadence', () => {
  it('is due at once, and then an interval after each beginning', () => {
    const cadence = new Cadence(2000, 30_000);
    expect(cadence.dueMs).toBe(Number.NEGATIVE_INFINITY);
    cadence.ended(10_000, 10_003, 3, false);
    expect(cadence.dueMs).toBe(12_000);
  });

  it('leaves a slow driver alone for as long as it took', () => {
    const cadence = new Cadence(2000, 30_000);
    cadence.ended(10_000, 14_000, 4000, false);
    expect(cadence.dueMs).toBe(18_000);
  });

  it('does not take a process that was stopped for a slow driver', () => {
    const cadence = new Cadence(2000, 30_000);
    cadence.ended(10_000, 20_000, 3, false);
    expect(cadence.dueMs).toBe(20_003);
  });

  it('doubles with each trouble up to its limit, and is what it was after an answer', () => {
    const cadence = new Cadence(2000, 20_000);
    const pauses = [1, 2, 3, 4, 5].map(() => {
      cadence.ended(0, 5000, 5000, true);
      return cadence.dueMs - 5000;
    });
    expect(pauses).toEqual([4000, 8000, 16_000, 20_000, 20_000]);
    cadence.ended(0, 3, 3, false);
    expect(cadence.dueMs).toBe(2000);
    cadence.ended(0, 5000, 5000, true);
    expect(cadence.dueMs).toBe(9000);
  });

  it('is not hastened in trouble, until the call has returned', () => {
    const cadence = new Cadence(2000, 20_000);
    cadence.ended(0, 3, 3, false);
    cadence.pollSoon(500);
    expect(cadence.dueMs).toBe(500);
    cadence.ended(500, 5500, 5000, true);
    cadence.pollSoon(5600);
    expect(cadence.dueMs).toBe(9500);
    cadence.resetBackoff(6000);
    expect(cadence.dueMs).toBe(6000);
  });
});
