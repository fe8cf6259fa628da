// @ts-check
// A service that goes on after Ctrl-C, with a probe in flight.
import { probe, say, told } from '../../support/service-kit.mjs';

process.on('SIGINT', () => say('interrupted'));
say((await probe({ simulate: 'hang-nvml-init', deadlineMs: 1500, checks: ['nvml'] })).verdict);
await told();
