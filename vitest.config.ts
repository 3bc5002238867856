import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,model,integration,package}/**/*.test.ts'],
    globalSetup: ['test/package/shared-packages.ts'],
    setupFiles: ['test/support/within-permissions.ts', 'test/support/compiled-once.ts'],
    testTimeout: 60_000,
    // The default leaves one core idle, which is half of a machine with two.
    maxWorkers: '100%',
    // To load the SDK anew for each file would take as long as the tests.
    isolate: false,
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.ts'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
