// The places that `// mutation: NAME` marks in the sources, and the statement below each.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Place
 * @property {string} file from the root of the checkout
 * @property {number} first of the statement's lines, from 0
 * @property {number} count of them
 */

const SOURCES = /\.(cc|h|def|ts)$|^CMakeLists\.txt$/;
const MARKER = /^\s*(?:\/\/|#) mutation: (\S+)$/;
/** Where a line that ends so balances its brackets, the statement or the head of a block is over. */
const STATEMENT_END = /[;{},]\s*$/;

/** @param {string} text @param {string} characters */
const occurrences = (text, characters) => [...text].filter((one) => characters.includes(one)).length;

/**
 * How many lines the statement has that begins at `first`. A line of a list or of CMake is one by itself.
 * @param {string} file
 * @param {string[]} lines
 * @param {number} first
 */
function statementLines(file, lines, first) {
  if (!/\.(cc|h|ts)$/.test(file)) return 1;
  let open = 0;
  for (let at = first; at < lines.length; at++) {
    const line = lines[at]?.replace(/\/\/.*$/, '') ?? '';
    open += occurrences(line, '([') - occurrences(line, ')]');
    if (open <= 0 && STATEMENT_END.test(line)) return at - first + 1;
  }
  throw new Error(`${file}:${first + 1}: no statement below the marker`);
}

/** @param {string} root @returns {string[]} */
function sources(root) {
  const inFolder = (/** @type {string} */ folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name)));
  return ['CMakeLists.txt', ...inFolder('native'), ...inFolder('lib')].filter((file) => SOURCES.test(file));
}

/**
 * Every marked place of a checkout by the marker's name.
 * @param {string} root
 * @returns {Map<string, Place>}
 * @throws {Error} where two markers have one name
 */
export function markedPlaces(root) {
  /** @type {Map<string, Place>} */
  const places = new Map();
  for (const file of sources(root)) {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    lines.forEach((line, at) => {
      const name = MARKER.exec(line)?.[1];
      if (name === undefined) return;
      if (places.has(name)) throw new Error(`${file}:${at + 1}: a second marker of ${name}`);
      places.set(name, { file, first: at + 1, count: statementLines(file, lines, at + 1) });
    });
  }
  return places;
}

/**
 * The markers of a mutation and what replaces the statement below each.
 * @param {import('./list.mjs').Mutation} mutation
 * @returns {[marker: string, text: string][]}
 */
export function replacements({ name, replace }) {
  if (typeof replace === 'string') return [[name, replace]];
  return Object.entries(replace).map(([part, text]) => [`${name}/${part}`, text]);
}

/**
 * A file's text with the statement at `place` replaced. It keeps its number of lines, so that other places stay where
 * they are.
 * @param {string} text
 * @param {Place} place
 * @param {string} replacement
 */
export function withReplaced(text, { first, count }, replacement) {
  const lines = text.split('\n');
  lines.splice(first, count, replacement.replaceAll('\n', ' '), ...Array(count - 1).fill(''));
  return lines.join('\n');
}
