// @ts-check
// A service that probes, and probes again whenever it is told to.
import { coded, probe, say, told } from '../../support/service-kit.mjs';

for (;;) {
  say(await coded(probe({ simulate: 'healthy' })));
  await told();
}
