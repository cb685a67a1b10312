/** A line for those who wait at a terminal: what is being done, and for how long already. It goes away when it is done. */
import type { Context } from './context.ts';

const PATIENCE = 1000;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Waits for something, and says so after a second.
 *
 * @param text - As `waiting for revision 7`.
 */
export async function withProgress<T>(
  { stderr }: Pick<Context, 'stderr'>,
  text: string,
  work: Promise<T>,
  patience: number = PATIENCE,
): Promise<T> {
  if (!stderr.isTTY) return work;
  const start = performance.now();
  let visible = false;
  const timer = setInterval(() => {
    visible = true;
    const seconds = Math.floor((performance.now() - start) / 1000);
    stderr.write(`${CLEAR_LINE}${text} (${seconds} s)`);
  }, patience);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (visible) stderr.write(CLEAR_LINE);
  }
}
