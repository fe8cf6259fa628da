// @ts-check
// A service that holds a lease for as long as it runs: of its own process, where no other is given.
import { given, say } from '../../support/service-kit.mjs';
import { openGuard } from './open-guard.mjs';

/** @type {{ file: string, limit: number, id: string, pids?: number[] }} */
const { file, limit, id, pids = [process.pid] } = given();
const guard = openGuard(file, limit);
await guard.acquire({ id, pids });
say(`held ${process.pid}`);
setInterval(() => {}, 1000);
