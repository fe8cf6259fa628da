// @ts-check
// A service that probes with the given options whenever it is told to, and says what became of it. Everything is loaded
// before it is ready, so that a limit set then meets the probe alone: hence the modules and not the bundle, which loads
// on use.
import { probe } from '../../../build/lib/index.js';
import { loadAddon } from '../../../build/lib/native/binding.js';
import { given, say, told } from '../../support/service-kit.mjs';

loadAddon();
/** @type {import('../../../dist/index.js').ProbeOptions} */
const options = given();
/** @param {import('../../../dist/index.js').Report} report */
const outcomes = ({ verdict, checks }) =>
  `${verdict} ${checks.map(({ name }) => name).filter((name) => name?.endsWith('K_FAILED') || name === 'SIMULATOR_FAILED')}`;
for (;;) {
  say('ready');
  await told();
  say(await probe(options).then(outcomes, (error) => `${error.code} ${error.message}`));
}
