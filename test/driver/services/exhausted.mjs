// @ts-check
// A service that asks on a thread of its own, then takes every descriptor that it can get, and asks again: says that report.
import { closeSync, openSync } from 'node:fs';
import { probe, say } from '../../support/service-kit.mjs';

/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = { isolation: 'thread', checks: ['nodes', 'nvml'] };
await probe(options);
const held = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {}
const report = await probe(options);
for (const fd of held) closeSync(fd);
say(report);
