/** What the kernel and the machine have in common when they run programs of the corpus: outcomes that can be compared. */
import { codecOf, type Infer, type MapSpec, mapTypes, type SkBuff, type Type } from '@waggle/bpf';
import type { Code } from '@waggle/compiler';
import type { CorpusModule, Variant } from './compiled.ts';
import type { Fixture } from './fixture.ts';

/** What one run did. */
export interface Outcome {
  readonly result: number;
  /** The packet afterwards, or the context of a program without one. */
  readonly data: string;
  /** Fields of a socket buffer that programs assign. */
  readonly fields?: Readonly<Partial<Infer<typeof SkBuff>>>;
}

/** A place where one program runs on one packet after another. */
export interface World extends Disposable {
  run(input: Uint8Array): Outcome;
  /** What is in the maps. */
  contents(): Readonly<Record<string, unknown>>;
}

/** Which code runs, and with what. */
export interface Setting {
  readonly module: CorpusModule;
  readonly fixture: Fixture;
  readonly variant?: Variant;
  /** Other code than that of the entry's source. */
  readonly code?: Code;
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The fields of a socket buffer that are compared. */
export function assigned(context: Infer<typeof SkBuff>): Partial<Infer<typeof SkBuff>> {
  const { mark, priority, controlBlock } = context;
  return { mark, priority, controlBlock };
}

/** What iterating over a map gives. */
export type Entries = Iterable<readonly [key: unknown, value: unknown]>;

/**
 * Entries that compare: sorted by the bytes of their keys, values of CPUs added up, what depends on time left out. A program
 * on one CPU writes its own value only, so sums agree wherever the kernel ran it.
 */
export function comparable(spec: MapSpec, entries: Entries, fixture: Fixture): unknown {
  const key = codecOf(spec.key as Type<unknown>);
  return [...entries]
    .map(([each, value]) => {
      const total = mapTypes[spec.type].perCpu ? added(value as readonly unknown[]) : value;
      return [hexOf(key.encode(each)), steady(total, fixture.volatile ?? [])] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The sum of values, field by field. */
function added(values: readonly unknown[]): unknown {
  return values.reduce((total, value) => {
    if (typeof total === 'bigint') return total + (value as bigint);
    if (typeof total === 'number') return total + (value as number);
    if (Array.isArray(total)) return total.map((each, index) => added([each, (value as unknown[])[index]]));
    const other = value as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(total as object).map(([name, each]) => [name, added([each, other[name]])]),
    );
  });
}

function steady(value: unknown, volatile: readonly string[]): unknown {
  if (volatile.length === 0 || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !volatile.includes(name)));
}
