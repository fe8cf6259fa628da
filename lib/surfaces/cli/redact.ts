import { createHash } from 'node:crypto';

/** What a bundle leaves out; printed in the bundle. */
export const REDACTED = [
  'hostname',
  'home directories',
  'GPU UUIDs (each is another name, the same one throughout)',
  'names of processes, down to the program',
];

const UUID = /\b(GPU|MIG)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
const HOME = /\/(home|Users)\/[^/\s:"']+/g;
const PSEUDONYM_LENGTH = 12;

/** A shorter hostname may also be an ordinary word. */
const LEAST_NAME = 4;

const pseudonym = (uuid: string, kind: string) =>
  `${kind}-redacted-${createHash('sha256').update(uuid.toLowerCase()).digest('hex').slice(0, PSEUDONYM_LENGTH)}`;

/** Redacts any value of a report: same shape, but no text identifies anyone. */
export function redact(value: unknown, hostname: string, home: string): unknown {
  const named =
    hostname.length < LEAST_NAME ? null : new RegExp(`(?<![\\w-])${escaped(hostname)}(?![\\w-])`, 'g');
  const inText = (text: string) => {
    let out = text.replace(UUID, pseudonym).replace(HOME, '~');
    if (home.length > 1) out = out.replaceAll(home, '~');
    return named === null ? out : out.replace(named, 'redacted');
  };
  const walk = (node: unknown, key: string): unknown => {
    if (key === 'hostname') return 'redacted';
    if (typeof node === 'string') return key === 'processName' ? program(inText(node)) : inText(node);
    if (Array.isArray(node)) return node.map((item) => walk(item, key));
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(
      Object.entries(node).map(([name, item]) => [
        inText(name),
        walk(item, key === 'processes' && name === 'name' ? 'processName' : name),
      ]),
    );
  };
  return walk(value, '');
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Reduces `/opt/acme/secret-project/train --user bob` to `train`. */
function program(name: string): string {
  const [path = ''] = name.split(/\s/, 1);
  return path.slice(path.lastIndexOf('/') + 1);
}
