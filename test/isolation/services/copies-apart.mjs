// @ts-check
// A service with two copies of the package, each of which probes.
import { given, probe, say, told } from '../../support/service-kit.mjs';
import { probeOf } from './other-copy.mjs';

/** @type {{ other: string }} */
const { other } = given();
const verdicts = [];
for (const ask of [probe, await probeOf(other)]) verdicts.push((await ask({ simulate: 'healthy' })).verdict);
say(verdicts);
await told();
