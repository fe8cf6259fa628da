// @ts-check
// A worker of cluster.mjs: a process that probes at each message and sends the verdict.
import { probe } from '../../support/service-kit.mjs';

for (;;) {
  process.send?.('ready');
  await new Promise((resolve) => process.once('message', resolve));
  process.send?.((await probe({ simulate: 'healthy' })).verdict);
}
