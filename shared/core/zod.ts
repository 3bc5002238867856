import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

/**
 * Zod without its chained methods, which no bundler can leave out: a fifth of every function's bundle
 * (docs/decisions/0004-zod-mini-pays-for-cloudtrail.md). Its sentences about wrong values are a part of their own.
 */
z.config(en());

export * from 'zod/mini';
