// @ts-check
// A service that probes with each of the given options in turn, and says the verdict or the error's code of each. With
// `stay` it ends only when it is told to.
import { coded, given, probe, say, told } from '../../support/service-kit.mjs';

/** @type {{ options: import('../../../dist/index.js').ProbeOptions[], stay?: boolean }} */
const { options, stay = false } = given();
for (const one of options) say(await coded(probe(one)));
if (stay) await told();
