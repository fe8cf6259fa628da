// @ts-check
// A service with a probe in flight that never returns. It ends as given when it is told to.
import { given, probe, told } from '../../support/service-kit.mjs';
import { ENDINGS } from './endings.mjs';

/** @type {{ simulate: string, isolation: 'process' | 'thread', end: keyof ENDINGS }} */
const { simulate, isolation, end } = given();
probe({ simulate, isolation, deadlineMs: 60_000, hardDeadlineMs: 60_000 }).catch(() => {});
await told();
setImmediate(ENDINGS[end]);
setInterval(() => {}, 1000);
