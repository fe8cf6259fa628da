import { afterAll, describe } from 'vitest';
import { fetchNodes, NODE_MAJORS } from '../support/node-releases.js';
import { testEndings } from './endings.js';

const nodes = await fetchNodes();
afterAll(() => nodes.remove());
if (nodes.missing.length > 0) {
  const what = `some Node releases could not be installed: ${nodes.missing.join('; ')}`;
  if (process.env.CI === 'true') throw new Error(what);
  process.stderr.write(`SKIPPED: ${what}\n`);
}

describe.each(NODE_MAJORS)('Node %i', (major) => {
  const node = nodes.programs.get(major);
  testEndings(node ?? '', node === undefined);
});
