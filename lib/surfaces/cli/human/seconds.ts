/** `3.0 s`; below a tenth of a second `28 ms`. */
export function seconds(milliseconds: number): string {
  return milliseconds < 100 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
