/** A command line that cannot be meant: one line, which says what is allowed. */
export class UsageError extends Error {}
