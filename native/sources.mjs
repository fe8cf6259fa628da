// Prints the sources of the targets given, for binding.gyp: `node native/sources.mjs addon core`.
import { readFileSync } from 'node:fs';

const targets = process.argv.slice(2);
const lines = readFileSync(new URL('sources.txt', import.meta.url), 'utf8').split('\n');
for (const line of lines) {
  const [target, file] = line.split(' ');
  if (targets.includes(target)) console.log(`native/${file}`);
}
