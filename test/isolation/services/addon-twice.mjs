// @ts-check
// A service in which the addon is loaded twice: by the package, and by itself, which asks it for the device nodes.
import { createRequire } from 'node:module';
import { pause, probe, say, told } from '../../support/service-kit.mjs';

const require = createRequire(import.meta.url);
const path = '../../../build/Release/gpuprobe.node';
require(path);
delete require.cache[require.resolve(path)];
const again = require(path);
/** @type {number[]} */
const heard = [];
const { submit, hold } = again.listen((/** @type {number} */ _request, /** @type {number} */ type) =>
  heard.push(type),
);
say((await probe({ simulate: 'healthy' })).verdict);
const { kinds, frames } = again.layout;
hold(true);
submit(false, kinds.nodes.number, again.openSource('', [], -1, ''), 5000, 60_000, 0, '', '');
while (!heard.includes(frames.done)) await pause(5);
say('heard');
await told();
