/** Reasons of gpuprobe's own beside a value or in place of a status (`probes::Reason`). */
const OWN_REASONS: Record<number, string> = {
  [-1]: 'NOT_READ_YET',
  [-2]: 'NOT_AVAILABLE',
  [-3]: 'MALFORMED',
  [-4]: 'TRUNCATED',
};

/** The name of a negative code. */
export function ownReason(code: number): string {
  return OWN_REASONS[code] ?? 'NOT_AVAILABLE';
}
