// @ts-check
// A service whose warden fails at every start: says the codes of its probes up to the second pause, and the pauses.
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
while (pauses.length < 2) {
  const { code, retryAfterMs } = await failure();
  codes.push(code);
  if (retryAfterMs === undefined) continue;
  pauses.push(retryAfterMs);
  await pause(retryAfterMs);
}
say({ codes, pauses });
