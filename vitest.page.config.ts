import { defineConfig } from 'vitest/config';

/** The page of evidence in a real browser: the one that CHROMIUM names, or the system's. */
export default defineConfig({
  test: { include: ['test/page/**/*.page.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
