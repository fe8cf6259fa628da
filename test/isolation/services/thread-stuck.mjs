// @ts-check
// A service in thread mode with a call that does not return, which then probes 50 times more.
import { given, probe, say, told } from '../../support/service-kit.mjs';

/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = given();
const { checks } = await probe(options);
say(checks.filter((row) => row.outcome === 'timeout').length);
const others = await Promise.all(Array.from({ length: 50 }, () => probe(options)));
say(others.filter((report) => report.checks.some((row) => row.name === 'PROBE_STUCK')).length);
await told();
