import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/corpus/**'],
    pool: 'forks',
    // On two cores the default is one at a time.
    maxWorkers: '100%',
    testTimeout: 30_000,
    reporters: process.env.CI ? ['default'] : ['dot'],
  },
});
