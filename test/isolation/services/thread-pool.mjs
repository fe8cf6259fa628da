// @ts-check
// A service that reads a file while its probe in thread mode does not return.
import { readFile } from 'node:fs/promises';
import { given, pause, probe, say } from '../../support/service-kit.mjs';

/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = given();
await Promise.race([probe({ ...options, deadlineMs: 60_000 }), pause(200)]);
say((await readFile('/proc/self/comm', 'utf8')).length > 0);
process.exit(7);
