/** Narrower text is unreadable; wider text is not read. */
const WIDTH = { least: 60, most: 100, unknown: 80 } as const;

/** Returns the output width for a terminal width: undefined without a terminal, 0 if it does not say. */
export function widthOf(columns: number | undefined): number {
  return columns === undefined || columns === 0
    ? WIDTH.unknown
    : Math.min(WIDTH.most, Math.max(WIDTH.least, columns));
}

/**
 * Puts driver and system strings on one line, without control characters: a broken driver's answer must not
 * move the reader's cursor.
 */
export function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '?');
}

/**
 * Breaks text between words into lines of `width`. `first` starts the first line; its width indents the
 * others. A command in backquotes stays on one line if it fits, so that it can be copied whole.
 */
export function wrap(text: string, width: number, first = ''): string[] {
  const indent = ' '.repeat(first.length);
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of wordsOf(printable(text), width - first.length)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

function wordsOf(text: string, room: number): string[] {
  const words = text.match(/[^\s`]*`[^`]*`\S*|\S+/g) ?? [];
  return words.flatMap((word) => (word.length > room ? word.split(' ') : [word]));
}
