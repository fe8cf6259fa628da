// @ts-check
// A service whose driver deadlocks as it is unloaded or at exit. It says its verdict, and exits when it is told to.
import { given, probe, say, told } from '../../support/service-kit.mjs';

/** @type {{ isolation: 'process' | 'thread' }} */
const { isolation } = given();
say((await probe({ simulate: 'exit-deadlock', isolation })).verdict);
await told();
process.on('exit', () => say('leaving'));
process.exit(7);
