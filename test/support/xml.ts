/** An element: its text, or the elements in it. */
export interface Element {
  name: string;
  attributes: string;
  text: string;
  children: Element[];
}

const TOKEN = /<\?[^>]*>|<![^>]*>|<(\/?)([\w.-]+)([^>]*?)(\/?)>|([^<]+)/g;

/** Reads XML as nvidia-smi writes it: no comments, no CDATA, and throws for what does not nest. */
export function readXml(text: string): Element {
  const root: Element = { name: '', attributes: '', text: '', children: [] };
  const open = [root];
  for (const [, closing, name, attributes = '', empty, words] of text.matchAll(TOKEN)) {
    const current = open.at(-1) as Element;
    if (words !== undefined) current.text += words.trim();
    if (name === undefined) continue;
    if (closing) {
      if (current.name !== name) throw new Error(`</${name}> closes <${current.name}>`);
      open.pop();
      continue;
    }
    const element = { name, attributes, text: '', children: [] };
    current.children.push(element);
    if (!empty) open.push(element);
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)?.name}> is not closed`);
  return root;
}

/** The elements called `name` anywhere below. */
export function findAll(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

/** Every text below, by the names on the way to it, joined by dots. Of elements alike, the first. */
export function texts(element: Element, path = ''): Record<string, string> {
  const all: Record<string, string> = {};
  for (const child of element.children) {
    const at = path === '' ? child.name : `${path}.${child.name}`;
    const found = child.children.length === 0 ? { [at]: child.text } : texts(child, at);
    for (const [key, value] of Object.entries(found)) all[key] ??= value;
  }
  return all;
}
