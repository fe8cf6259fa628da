/** An invalid command line: one line, which says what is allowed. */
export class UsageError extends Error {}
