import { defineConfig } from 'vitest/config';

/** The proof suites: minutes, not seconds, so they are no part of `npm test`. */
export default defineConfig({
  test: {
    include: ['test/proof/**/*.test.ts', 'test/model/**/*.test.ts'],
    globalSetup: ['test/package/shared-packages.ts'],
    // Of what `npm test` takes a share of: everything.
    env: { KEYTURN_MODEL_SHARE: '1' },
    testTimeout: 900_000,
    maxWorkers: '100%',
    isolate: false,
    taskTitleValueFormatTruncate: 0,
    // Counts and seeds are the result of a proof: nothing of them is swallowed.
    disableConsoleIntercept: true,
  },
});
