/** The critical section of a program. In user space it throws. */
import { programOnly } from './program-only.ts';

/**
 * Runs `body` while this program alone holds the spinLock() of a map's value, and gives what `body` returns. The compiler puts
 * the body where the call stands, so nothing can leave it with the lock held. While it is held, no helper, map or function
 * can be called. Linux 5.1.
 *
 *     const ticket = locked(counter, () => {
 *       counter.next += 1;
 *       return counter.next;
 *     });
 */
export const locked: <T>(value: object, body: () => T) => T = programOnly('locked');
