import { GpuProbeError } from './errors.js';

/** What an option accepts, in words and as a function. */
export interface Kind {
  expected: string;
  accepts(value: unknown): boolean;
  /** The value may be a secret: messages show only its type and length. */
  isSecret?: boolean;
}

/** From `least` to `most`, inclusive. */
export interface Limits {
  least: number;
  most: number;
}

export const integer = (least: number, most: number): Kind => ({
  expected: `an integer from ${least} to ${most}`,
  accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});

/** One of a few words. */
export const word = (words: readonly string[]): Kind => ({
  expected: words.map((one) => `'${one}'`).join(' or '),
  accepts: (value) => words.includes(value as string),
});

/** A non-empty string. */
export const text = (most = Number.POSITIVE_INFINITY): Kind => ({
  expected: Number.isFinite(most) ? `a string of 1 to ${most} characters` : 'a non-empty string',
  accepts: (value) => typeof value === 'string' && value !== '' && value.length <= most,
});

export const BOOLEAN: Kind = { expected: 'a boolean', accepts: (value) => typeof value === 'boolean' };

/** Longer values are not repeated in messages: they are of no use, and may contain secrets. */
const MOST_QUOTED = 64;

/** Describes a given value, for a message. */
export function describeValue(value: unknown, isSecret = false): string {
  if (typeof value === 'string' && (isSecret || value.length > MOST_QUOTED)) {
    return `a string of ${value.length} characters`;
  }
  const quoted = isSecret ? undefined : (JSON.stringify(value) ?? String(value));
  if (quoted !== undefined && quoted.length <= MOST_QUOTED) return quoted;
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`;
}

/**
 * Checks that each option exists and has an allowed value.
 * @throws GpuProbeError ERR_GPUPROBE_INVALID_OPTION; the message says what is allowed
 */
export function checkOptions(options: object, kinds: Readonly<Record<string, Kind>>): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      throw new GpuProbeError(
        'ERR_GPUPROBE_INVALID_OPTION',
        `unknown option ${name}; allowed: ${Object.keys(kinds).join(', ')}`,
      );
    }
    if (value !== undefined && !kind.accepts(value)) {
      const got = describeValue(value, kind.isSecret);
      throw new GpuProbeError('ERR_GPUPROBE_INVALID_OPTION', `${name} must be ${kind.expected}, not ${got}`);
    }
  }
}
