/**
 * The timers of a machine, by the address of their place in a map's value. Time passes only when whoever drives the machine
 * lets it: {@link Timers.due} gives what is to be called next.
 */
import { WaggleError } from '@waggle/bpf';
import { errno } from './errno.ts';
import type { VirtualMap } from './maps/virtual-map.ts';
import type { Memory } from './memory.ts';

interface Timer {
  readonly map: VirtualMap;
  callback?: bigint;
  /** When it fires; undefined while it does not run. */
  at?: bigint | undefined;
}

/** A timer that has fired: the function to call, and what with. */
export interface Firing {
  readonly at: bigint;
  readonly callback: bigint;
  readonly map: VirtualMap;
  readonly key: Uint8Array;
  /** The place of the value in the memory of the map's values. */
  readonly index: number;
}

export class Timers {
  readonly #memory: Memory;
  readonly #timers = new Map<bigint, Timer>();
  readonly #watched = new Set<VirtualMap>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** bpf_timer_init */
  init(address: bigint, map: VirtualMap): number {
    this.#memory.bytes(address, 16, true);
    if (this.#timers.has(address)) return -errno.EBUSY;
    this.#timers.set(address, { map });
    if (!this.#watched.has(map)) {
      this.#watched.add(map);
      map.onFree((index) => this.#timers.delete(this.#addressIn(map, index)));
    }
    return 0;
  }

  /** bpf_timer_set_callback */
  setCallback(address: bigint, callback: bigint): number {
    const timer = this.#timers.get(address);
    if (!timer) return -errno.EINVAL;
    timer.callback = callback;
    return 0;
  }

  /** bpf_timer_start */
  start(address: bigint, at: bigint): number {
    const timer = this.#timers.get(address);
    if (timer?.callback === undefined) return -errno.EINVAL;
    timer.at = at;
    return 0;
  }

  /** bpf_timer_cancel */
  cancel(address: bigint): number {
    const timer = this.#timers.get(address);
    if (!timer) return -errno.EINVAL;
    const ran = timer.at !== undefined;
    timer.at = undefined;
    return ran ? 1 : 0;
  }

  /** Takes the timer that fires first, if that is not after `until`. */
  due(until: bigint): Firing | undefined {
    let first: { address: bigint; timer: Timer; at: bigint } | undefined;
    for (const [address, timer] of this.#timers) {
      const { at } = timer;
      if (at !== undefined && at <= until && (!first || at < first.at)) first = { address, timer, at };
    }
    if (!first) return undefined;
    const { address, timer, at } = first;
    timer.at = undefined;
    for (const [key, index] of timer.map.places()) {
      if (this.#addressIn(timer.map, index) !== address) continue;
      return { at, callback: timer.callback ?? 0n, map: timer.map, key, index };
    }
    throw new WaggleError('NOT_FOUND', `a timer of ${timer.map.name} is in no entry of it`);
  }

  #addressIn(map: VirtualMap, index: number): bigint {
    const { value } = map.spec;
    const fields = value?.kind === 'struct' ? value.kernelFields : [];
    const offset = fields.find(({ type }) => type.name === 'bpf_timer')?.offset ?? 0;
    return map.values ? this.#memory.address(map.values, index + offset) : 0n;
  }
}
