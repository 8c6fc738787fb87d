import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/corpus/**'],
    globalSetup: ['test/temporary-directory.ts'],
    pool: 'forks',
    // On two cores the default is one at a time.
    maxWorkers: '100%',
    // Only what hangs comes to these; machines may be slow and busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: process.env.CI ? ['default'] : ['dot'],
  },
});
