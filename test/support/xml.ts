import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element: those in it by name, or its text. */
export type Element = string | { [name: string]: Element[] };

const parser = new XMLParser({ parseTagValue: false, isArray: () => true });

/** Reads XML, and throws for what does not nest. */
export function readXml(text: string): Element {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new Error(`line ${valid.err.line}: ${valid.err.msg}`);
  return parser.parse(text) as Element;
}

const elementsIn = (element: Element) =>
  typeof element === 'string'
    ? []
    : Object.entries(element).flatMap(([name, list]) => list.map((child) => ({ name, child })));

/** The elements called `name` anywhere below. */
export function findAll(element: Element, name: string): Element[] {
  return elementsIn(element).flatMap(({ name: own, child }) => [
    ...(own === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

/** Every text below, by the names on the way to it, joined by dots. Of elements alike, the first. */
export function texts(element: Element, path = ''): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { name, child } of elementsIn(element)) {
    const at = path === '' ? name : `${path}.${name}`;
    const found = typeof child === 'string' ? { [at]: child } : texts(child, at);
    for (const [key, value] of Object.entries(found)) all[key] ??= value;
  }
  return all;
}
