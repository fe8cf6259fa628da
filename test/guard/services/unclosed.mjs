// @ts-check
// A service that holds a lease and has nothing more to do; nobody closes its guard.
import { given } from '../../support/service-kit.mjs';
import { openGuard } from './open-guard.mjs';

const guard = openGuard(given(), 1);
const lease = await guard.acquire({ id: 'a' });
lease.touch();
