/** Failures at chosen moments: the n-th change of any map of the kernel fails, before it is made or half-way through a batch. */
import { type PackedElements, TableMap } from '@waggle/kernel';

/** How it fails. */
export interface Fault {
  /** Which change, from 0. */
  readonly at: number;
  /** Of a batch, the first half is done. */
  readonly halfWay: boolean;
  /** Whether nothing works from then on, as in a process that was killed. */
  readonly forGood: boolean;
}

export class InjectedFault extends Error {}

const METHODS = ['set', 'setAll', 'setPacked', 'delete', 'deleteAll', 'deletePacked'] as const;

/**
 * Runs a body with a fault.
 * @returns whether it came to that.
 */
export function withFault({ at, halfWay, forGood }: Fault, body: () => void): boolean {
  let count = 0;
  const prototype: Record<string, unknown> = TableMap.prototype as never;
  const originals = METHODS.map(
    (name) => [name, prototype[name] as (...values: unknown[]) => unknown] as const,
  );
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...values: unknown[]) {
      const number = count++;
      const fails = forGood ? number >= at : number === at;
      if (!fails) return original.apply(this, values);
      // What it calls for a part of its work is part of it.
      if (halfWay && number === at) {
        count = Number.NEGATIVE_INFINITY;
        original.apply(this, [firstHalf(name, values[0]), ...values.slice(1)]);
        count = number + 1;
      }
      throw new InjectedFault(`${name}, change ${number}`);
    };
  }
  try {
    body();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return count > at;
}

const KEY_SIZE = 12;

function firstHalf(method: string, value: unknown): unknown {
  if (method === 'setAll' || method === 'deleteAll') {
    const list = [...(value as Iterable<unknown>)];
    return list.slice(0, list.length / 2);
  }
  // Keys and values of policies have the same size.
  const half = (bytes: Uint8Array): Uint8Array =>
    bytes.slice(0, Math.floor(bytes.length / KEY_SIZE / 2) * KEY_SIZE);
  if (method === 'deletePacked') return half(value as Uint8Array);
  if (method !== 'setPacked') return value;
  const { keys, values } = value as PackedElements;
  return { keys: half(keys), values: half(values) };
}
