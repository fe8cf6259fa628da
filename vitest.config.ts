import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real processes that really hang: the limit is for liveness, nothing is timed against it.
    testTimeout: 60_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Two cores: much of a test is waiting.
    maxWorkers: 3,
  },
});
