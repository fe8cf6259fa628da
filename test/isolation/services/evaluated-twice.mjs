// @ts-check
// A service in which the package is evaluated twice on one addon, as a test runner or a bundler does.
import { pause, probe, say, told } from '../../support/service-kit.mjs';

const { probe: again } = await import('../../../build/lib/index.js');
/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = { simulate: 'healthy', checks: ['nodes'], deadlineMs: 300 };
say([(await probe(options)).verdict, (await again(options)).verdict]);
// Longer than a warden may be silent after this deadline.
await pause(7_000);
say([(await probe(options)).verdict, (await again(options)).verdict]);
await told();
