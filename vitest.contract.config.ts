import { defineConfig } from 'vitest/config';

/**
 * Fidelity of the embedded AWS: the same calls against it and moto, and everything that the integration tests send and
 * get checked against AWS's service models. Needs Python 3.11 or later.
 */
export default defineConfig({
  test: {
    include: ['test/contract/**/*.contract.ts', 'test/integration/**/*.test.ts'],
    globalSetup: ['test/contract/environment.ts'],
    setupFiles: ['test/contract/record-worlds.ts'],
    testTimeout: 60_000,
    maxWorkers: '100%',
    // The counts and the table of known differences are a result, not noise.
    disableConsoleIntercept: true,
  },
});
