import { type ErrorDetails, GpuProbeError } from '../errors.js';
import { gibibytes } from '../format.js';
import type { Refusal } from './limits.js';

const ENDING = 'A session that has ended is about to free its place. Please try again in a moment.';
const CLOSE_ONE = 'Please close an unused session and try again.';
const LATER = 'Running sessions are not affected. Please try again later.';
/** Shortest time after which a client should retry. */
const LEAST_RETRY_MS = 1000;

/** Returns the message, which a service may show to its users. */
function words(refusal: Refusal): string {
  switch (refusal.limit) {
    case 'sessions':
      return `GPU resource limit reached (${refusal.sessions}/${refusal.maxSessions} sessions active). ${refusal.ending > 0 ? ENDING : CLOSE_ONE}`;
    case 'memory':
      return `GPU memory limit reached (${gibibytes(refusal.freeBytes)} GiB free, ${gibibytes(refusal.neededBytes)} GiB needed). ${CLOSE_ONE}`;
    case 'encoder-sessions':
      return `GPU encoder limit reached (${refusal.sessions}/${refusal.maxSessions} encoder sessions in use). ${CLOSE_ONE}`;
    case 'health':
      return `The GPU cannot take new sessions (${refusal.fault.id}). ${LATER}`;
    case 'canary-age':
      return refusal.ageMs === null
        ? `The GPU takes no new sessions: gpuprobe has not yet seen one start. ${LATER}`
        : `The GPU takes no new sessions: the last successful test was ${Math.round(refusal.ageMs / 1000)} s ago. ${LATER}`;
  }
}

/** Returns the technical reason, for the operator and not for the user. */
function reasonOf(refusal: Refusal): string | null {
  if (refusal.limit === 'health') return refusal.fault.summary;
  return refusal.limit === 'canary-age' ? refusal.because : null;
}

/** Returns the refusal as the error that `acquire` rejects with. */
export function refusalError(refusal: Refusal, helpUrl: string | undefined): GpuProbeError {
  const sick = refusal.limit === 'health' || refusal.limit === 'canary-age';
  const ending = refusal.limit === 'sessions' && refusal.ending > 0;
  const because = reasonOf(refusal);
  const details: ErrorDetails = {
    limit: refusal.limit,
    helpUrl,
    retryAfterMs: sick ? Math.max(LEAST_RETRY_MS, refusal.retryAfterMs) : ending ? LEAST_RETRY_MS : undefined,
    longestIdle: sick || ending ? undefined : refusal.longestIdle,
    ...(because === null ? {} : { cause: new Error(because) }),
  };
  const byLeases = refusal.dark && refusal.limit === 'sessions';
  const dark = byLeases ? ' (GPU monitoring is not available: sessions are counted by their leases.)' : '';
  return new GpuProbeError(
    sick ? 'ERR_GPUPROBE_UNHEALTHY' : 'ERR_GPUPROBE_LIMIT',
    words(refusal) + dark,
    details,
  );
}
