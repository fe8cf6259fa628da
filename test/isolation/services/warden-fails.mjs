// @ts-check
// A service whose warden fails at every start: says the codes of its probes up to the second pause, and the
// pauses: how long to wait yet, and how long ago the probe was asked that was lost before.
import { pause, probe, say } from '../../support/service-kit.mjs';

/** @returns {Promise<{ code?: string, retryAfterMs?: number }>} */
const failure = () =>
  probe({ simulate: 'healthy' }).then(
    () => ({}),
    (error) => error,
  );
const codes = [];
for (let i = 0; i < 3; i++) codes.push((await failure()).code);
const pauses = [];
let askedMs = 0;
while (pauses.length < 2) {
  const nowMs = performance.now();
  const { code, retryAfterMs } = await failure();
  codes.push(code);
  if (retryAfterMs === undefined) {
    askedMs = nowMs;
    continue;
  }
  pauses.push({ retryAfterMs, sinceAskedMs: performance.now() - askedMs });
  await pause(retryAfterMs);
}
say({ codes, pauses });
