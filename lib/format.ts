/** Numbers in readable form. */

/** Formats bytes as GiB: `6.5`. */
export const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

/** `512 MiB`. */
export const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

/** `5 s`, `0.3 s`. */
export const seconds = (milliseconds: number): string => `${Number((milliseconds / 1000).toFixed(1))} s`;

/** `3.0 s`; below a tenth of a second `28 ms`. */
export const shortDuration = (milliseconds: number): string =>
  milliseconds < 100 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** `24 min 3 s`, `6 s`, `0.4 s`. */
export function longDuration(milliseconds: number): string {
  if (milliseconds < 60_000) return seconds(milliseconds);
  const whole = Math.round(milliseconds / 1000);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${rest} s`;
}

/** Rounds milliseconds to three decimals, as in a report. */
export const roundMilliseconds = (value: number): number => Math.round(value * 1000) / 1000;
