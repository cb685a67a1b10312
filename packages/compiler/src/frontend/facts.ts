/**
 * What is known of values at a place of the program, because a test on the way there said so: that a pointer is not null,
 * that a number is in a range. A value never changes, so what is known of it where a block begins holds in all of the block
 * and wherever the block dominates; where paths meet, what all of them know remains.
 */
import type { Value } from '../ir/ir.ts';
import { hull, type Known } from './range.ts';

export interface Fact {
  readonly nonNull?: true;
  readonly known?: Known;
}

export type Facts = ReadonlyMap<Value, Fact>;

export const noFacts: Facts = new Map();

/** The facts with one more. */
export function learn(facts: Facts, value: Value, fact: Fact): Facts {
  return new Map(facts).set(value, { ...facts.get(value), ...fact });
}

/** What is known whichever way was taken. */
export function meet(ways: readonly Facts[]): Facts {
  const [first, ...others] = ways;
  if (first === undefined) return noFacts;
  if (others.length === 0) return first;
  const common = new Map<Value, Fact>();
  for (const [value, fact] of first) {
    let nonNull = fact.nonNull;
    let known = fact.known;
    for (const other of others) {
      const told = other.get(value);
      nonNull = told?.nonNull === true ? nonNull : undefined;
      known = known && told?.known && either(known, told.known);
    }
    if (nonNull === undefined && known === undefined) continue;
    common.set(value, { ...(nonNull ? { nonNull } : {}), ...(known ? { known } : {}) });
  }
  return common;
}

/** What is known of a value that is one or the other. */
export function either(left: Known, right: Known): Known {
  return { range: hull(left.range, right.range), seen: hull(left.seen, right.seen) };
}
