import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The tests of what is published: `pack.ts` builds it once, for all of them. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/package/**/*.test.ts'],
    globalSetup: fileURLToPath(new URL('pack.ts', import.meta.url)),
    // For life only: an emulated processor and package managers take their time.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
