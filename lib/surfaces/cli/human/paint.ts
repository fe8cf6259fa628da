import { styleText } from 'node:util';
import type { Severity, Verdict } from '../../../probe/report.js';
import type { CliContext, Terminal } from '../context.js';

/** The styles in use. Every word reads the same without them. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Puts a style on text, or leaves it as it is. */
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

/** Colour only where someone sees it and has not asked for none (https://no-color.org). */
export function painter(terminal: Terminal, env: CliContext['env'], wanted: boolean): Paint {
  const silent = (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  if (!wanted || silent || terminal.isTTY !== true) return (_style, text) => text;
  // Decided above, for this terminal: newer versions of Node would look at stdout and decide again.
  return (style, text) => styleText(style, text, { validateStream: false });
}
