import type { Context } from '../context.ts';

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
const EVERY_MS = 100;
const CLEAR = '\r\u001B[2K';

/** Shows on a terminal how far the work is, in one line that is gone when it is done. Elsewhere it shows nothing. */
export async function withProgress<T>(
  { shell: { stderr }, options }: Context,
  text: () => string,
  work: () => Promise<T>,
): Promise<T> {
  // With `--verbose` each call is a line of its own.
  if (stderr.isTTY !== true || options.quiet || options.verbose) return work();
  let frame = 0;
  const timer = setInterval(() => {
    stderr.write(`${CLEAR}${FRAMES[frame++ % FRAMES.length]} ${text()}`);
  }, EVERY_MS);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (frame > 0) stderr.write(CLEAR);
  }
}
