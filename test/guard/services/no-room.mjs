// @ts-check
// A service whose guard has no room for a change: says the error of each change, and which leases there are then.
import { given, say } from '../../support/service-kit.mjs';
import { openGuard } from './open-guard.mjs';

const guard = openGuard(given(), 5);
const held = await guard.acquire({ id: 'a' });
/** @type {unknown[]} */
const codes = [];
for (const change of [() => guard.acquire({ id: 'b' }), () => held.release()]) {
  await change().catch(({ code, message }) => codes.push(code, /ENOSPC/.test(message)));
}
say([...codes, guard.leases().map(({ id }) => id)]);
process.exit();
