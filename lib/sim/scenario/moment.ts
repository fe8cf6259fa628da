const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/;
const DAY_SECONDS = 86_400;

/** The longest scenario: over eleven days. */
export const MOST_SECONDS = 1_000_000;

/** True for a time in a scenario: seconds from its start, or a time of day. */
export const isMoment = (value: unknown): value is number | string =>
  typeof value === 'string'
    ? TIME_OF_DAY.test(value)
    : typeof value === 'number' && value >= 0 && value <= MOST_SECONDS;

function secondOfDay(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}

/** Returns the seconds from the scenario's start. A time of day before the start is on the next day. */
export function secondsFromStart(moment: number | string, startsAt: string): number {
  if (typeof moment === 'number') return moment;
  return (secondOfDay(moment) - secondOfDay(startsAt) + DAY_SECONDS) % DAY_SECONDS;
}

/** Formats a time after the start as the scenario writes it: a time of day, or seconds. */
export function momentInWords(seconds: number, startsAt: string | undefined): string {
  if (startsAt === undefined) return `${seconds.toFixed(1)} s`;
  const ofDay = Math.floor(secondOfDay(startsAt) + seconds) % DAY_SECONDS;
  const parts = [Math.floor(ofDay / 3600), Math.floor(ofDay / 60) % 60, ofDay % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
