/** Timers in the values of maps. In user space these throw. */
import type { MapSpec } from '../map.ts';
import type { i32, u64 } from '../scalar.ts';
import type { WithMethods } from '../struct-methods.ts';
import { programOnly } from './program-only.ts';

/**
 * Has the kernel call `expire` with an entry of a map, once, when so many nanoseconds have passed; asking again moves it.
 * `value` is the entry's value, which has a timer() field, and `expire` a function of the module or a body that uses nothing
 * of the function around it. Deleting the entry cancels the timer. The result is 0 or a negative errno. Linux 5.15.
 *
 *     startTimer(sessions, session, 30_000_000_000n, (key, session) => {
 *       sessions.delete(key);
 *     });
 */
export const startTimer: <K, V extends object>(
  map: MapSpec<K, V>,
  value: V,
  nanoseconds: u64,
  expire: (key: WithMethods<K>, value: WithMethods<V>) => void,
) => i32 = programOnly('startTimer');

/**
 * Starts the timer of a value again with the function that it was started with, also from that function. The result is 0, or a
 * negative errno when it never was started.
 */
export const restartTimer: (value: object, nanoseconds: u64) => i32 = programOnly('restartTimer');

/** Stops the timer of a value: 1 if it ran, 0 if not, or a negative errno. */
export const cancelTimer: (value: object) => i32 = programOnly('cancelTimer');
