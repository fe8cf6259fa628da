import { describe, expect, it } from 'vitest';
import { median, trendOf } from '../../lib/verdict/trend.js';

const line = (length: number, y: (x: number) => number) => Array.from({ length }, (_, x) => ({ x, y: y(x) }));

describe('trendOf()', () => {
  it('finds the slope of a line, whatever a few wild readings say', () => {
    const points = line(21, (x) => 100 + 7 * x);
    expect(trendOf(points)).toMatchObject({ slope: 7, rising: 1, noise: 0, ends: [7, 7] });
    const wild = points.map((point) => (point.x % 5 === 3 ? { ...point, y: 9999 } : point));
    expect(trendOf(wild)?.slope).toBeCloseTo(7, 0);
  });

  it('does not mind gaps in x', () => {
    const points = [0, 1, 5, 6, 20, 21, 22].map((x) => ({ x, y: 3 * x }));
    expect(trendOf(points)?.slope).toBe(3);
  });

  it('tells what levels off from what goes on', () => {
    const trend = trendOf(line(40, (x) => Math.min(x, 15) * 10));
    expect(trend?.ends).toEqual([10, 0]);
  });

  it('says nothing of five points, and takes no longer for a thousand times as many as it looks at', () => {
    expect(trendOf(line(5, (x) => x))).toBeNull();
    expect(trendOf(line(64_000, (x) => 2 * x))).toMatchObject({ slope: 2, rising: 1 });
  });
});

describe('median()', () => {
  it('is the middle, or between the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });
});
