import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element: its child elements by name, or its text. */
export type Element = string | { [name: string]: Element[] };

const parser = new XMLParser({ parseTagValue: false, isArray: () => true });

/** Parses XML; throws if it is not well-formed. */
export function readXml(text: string): Element {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`);
  return parser.parse(text) as Element;
}

const elementsIn = (element: Element) =>
  typeof element === 'string'
    ? []
    : Object.entries(element).flatMap(([name, list]) => list.map((child) => ({ name, child })));

/** Returns the elements called `name` at any depth. */
export function findAll(element: Element, name: string): Element[] {
  return elementsIn(element).flatMap(({ name: own, child }) => [
    ...(own === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

/**
 * Returns every text below, keyed by the element names on its path, joined by dots. Of equal paths, the
 * first.
 */
export function texts(element: Element, path = ''): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { name, child } of elementsIn(element)) {
    const at = path === '' ? name : `${path}.${name}`;
    const found = typeof child === 'string' ? { [at]: child } : texts(child, at);
    for (const [key, value] of Object.entries(found)) all[key] ??= value;
  }
  return all;
}
