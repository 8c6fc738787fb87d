import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/corpus/**'],
    pool: 'forks',
    testTimeout: 30_000,
    reporters: process.env.CI ? ['default'] : ['dot'],
  },
});
