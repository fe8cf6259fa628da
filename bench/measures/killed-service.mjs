import { nowNs, startChild } from '../children.mjs';
import { isRunning, probesOf } from '../processes.mjs';

const POLL_MS = 1;
const GIVE_UP_NS = 5e9;
const never = new Int32Array(new SharedArrayBuffer(4));

/** @param {ReturnType<typeof probesOf>} known */
function waitUntilGone(known) {
  const started = nowNs();
  while (known.some(isRunning)) {
    if (nowNs() - started > GIVE_UP_NS) throw new Error('probes still run 5 s after the service was killed');
    Atomics.wait(never, 0, 0, POLL_MS);
  }
  return nowNs() - started;
}

/**
 * A service that gets SIGKILL can clean up nothing: its probes have to notice.
 * @type {import('../measure.mjs').Measure}
 */
export const killedService = {
  rows: [
    {
      id: 'killed-service',
      what: 'service SIGKILLed with a hang in flight: nothing of gpuprobe runs after',
      unit: 'time',
      goal: { atMost: 50e6 },
    },
  ],
  async round() {
    const service = startChild('busy-service');
    await service.line();
    const known = probesOf(service.pid);
    // A warden, telemetry, a warm canary and a stuck one.
    const expected = 4;
    if (known.length < expected) throw new Error(`found only ${known.length} processes of the service`);
    service.kill();
    const gone = waitUntilGone(known);
    await service.ended;
    return { 'killed-service': { value: gone } };
  },
};
