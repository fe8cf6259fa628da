// @ts-check
// A process that takes every descriptor that it can get: says what the report has of it then, and once they are closed.
import { closeSync, openSync } from 'node:fs';
import { describeHost } from '../../../build/lib/probe/host.js';
import { say } from '../../support/service-kit.mjs';

// Loads whatever is loaded on use.
describeHost(null, false);
const held = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {}
const full = describeHost(null, false).openFiles;
for (const fd of held) closeSync(fd);
say({ full, free: describeHost(null, false).openFiles });
