import { styleText } from 'node:util';
import type { Severity, Verdict } from '../../../probe/report.js';

/** The styles in use. The text must be readable without them. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Applies a style to the text, or returns it unchanged. */
export type Paint = (style: Style, text: string) => string;

export const VERDICT_STYLE: Readonly<Record<Verdict, Style>> = {
  ok: 'green',
  degraded: 'yellow',
  failed: 'red',
  unknown: 'cyan',
};

export const SEVERITY_STYLE: Readonly<Record<Severity, Style>> = {
  critical: 'red',
  warning: 'yellow',
  info: 'cyan',
};

/** Environment variables, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns a painter; it colours only on a terminal, unless disabled (https://no-color.org). */
export function painter(terminal: { isTTY?: boolean | undefined }, env: Environment, wanted: boolean): Paint {
  const silent = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  if (!wanted || silent || terminal.isTTY !== true) return (_style, text) => text;
  // Decided above for this terminal; newer Node versions would check stdout and decide again.
  return (style, text) => styleText(style, text, { validateStream: false });
}
