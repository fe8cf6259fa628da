// Theil and Sen's slope: the median of the slopes of all pairs, which a few wild samples do not move, with Sen's
// confidence interval from the distribution of Kendall's S.

/** Two-sided 99 %. */
const Z = 2.576;

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ perUnit: number, low: number, high: number }} Slope */

/** @param {number[]} sorted */
function middleOf(sorted) {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * @param {Point[]} points in order of x
 * @returns {Slope}
 */
export function theilSen(points) {
  const slopes = points
    .flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)))
    .sort((a, b) => a - b);
  const n = points.length;
  const spread = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const low = Math.max(0, Math.floor((slopes.length - spread) / 2));
  const high = Math.min(slopes.length - 1, Math.ceil((slopes.length + spread) / 2));
  return {
    perUnit: middleOf(slopes),
    low: slopes[low] ?? Number.NaN,
    high: slopes[high] ?? Number.NaN,
  };
}
