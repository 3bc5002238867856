import { join } from 'node:path';
import { inject } from 'vitest';

// Node keeps here what it compiles: the tests start the same few programs, again and again.
process.env.NODE_COMPILE_CACHE = join(inject('packages'), 'compiled');
