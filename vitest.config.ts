import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,model,integration,package}/**/*.test.ts'],
    globalSetup: ['test/package/shared-packages.ts'],
    setupFiles: ['test/support/within-permissions.ts'],
    // Enumerations of states take half a minute on a busy core.
    testTimeout: 120_000,
    // The default leaves one core idle, which is half of a machine with two.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
