/** A reading: `y` after `x` events. */
export interface Point {
  x: number;
  y: number;
}

/** How `y` grows with `x`, by rank and median, so that a few outliers do not change it. */
export interface Trend {
  /** Median of the slopes between all pairs of points (Theil 1950, Sen 1968). */
  slope: number;
  /** Share of the pairs that rise, 0 to 1: Kendall's tau on another scale. 0.5 means no trend. */
  rising: number;
  /** Median distance of the points from the line. */
  noise: number;
  /** Slopes of the first and the last third: a rise that levels off is not a lasting trend. */
  ends: readonly [first: number, last: number];
}

/** The number of pairs grows quadratically; a few dozen evenly chosen points give the same result. */
const MOST_POINTS = 64;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper, lower] = [sorted[middle] ?? Number.NaN, sorted[middle - 1] ?? Number.NaN];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MOST_POINTS) return points;
  const step = (points.length - 1) / (MOST_POINTS - 1);
  return Array.from({ length: MOST_POINTS }, (_, i) => points[Math.round(i * step)] as Point);
}

function pairSlopes(points: readonly Point[]): number[] {
  const slopes: number[] = [];
  points.forEach((a, i) => {
    for (const b of points.slice(i + 1)) if (b.x !== a.x) slopes.push((b.y - a.y) / (b.x - a.x));
  });
  return slopes;
}

/** Returns the trend of points sorted by `x`; null if there are fewer than six. */
export function trendOf(all: readonly Point[]): Trend | null {
  if (all.length < 6) return null;
  const points = thinned(all);
  const slopes = pairSlopes(points);
  const slope = median(slopes);
  const third = Math.ceil(points.length / 3);
  const offset = median(points.map(({ x, y }) => y - slope * x));
  return {
    slope,
    rising: slopes.filter((value) => value > 0).length / slopes.length,
    noise: median(points.map(({ x, y }) => Math.abs(y - slope * x - offset))),
    ends: [median(pairSlopes(points.slice(0, third))), median(pairSlopes(points.slice(-third)))],
  };
}
