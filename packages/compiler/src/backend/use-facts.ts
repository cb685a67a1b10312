/**
 * What the users of a value tell about it, found before instructions are selected: pointers that are only accessed need no
 * register of their own, comparisons that are only branched on need no 0 or 1, and a truncation whose users look at the low
 * half only is no instruction.
 */
import type { Comparison, IrFunction, IrInstruction, Terminator, Value } from '../ir/ir.ts';
import { binaryOperators } from '../ir/operators.ts';
import type { IrType } from '../ir/type.ts';

type Branch = Extract<Terminator, { op: 'branch' }>;
type Compare = Extract<IrInstruction, { op: 'compare' }>;

/** The comparison that a branch makes; `negated` when its sides change places. */
export interface Condition {
  readonly comparison: Comparison;
  readonly left: Value;
  readonly right: Value;
  readonly negated: boolean;
}

export interface Facts {
  typeOf(value: Value | undefined): IrType;
  /** Results of `offsetPointer` by a constant that only serve as addresses. */
  readonly accessedOnly: ReadonlySet<Value>;
  /** Values of type i32 of which the upper half does not matter. */
  readonly lowHalfOnly: ReadonlySet<Value>;
  /** Comparisons of which nobody needs the result. */
  readonly fusedCompares: ReadonlySet<Value>;
  conditionOf(branch: Branch): Condition;
}

interface Use {
  readonly user: IrInstruction | Terminator;
  /** Which of the user's values; -1 for those given to another block. */
  readonly place: number;
}

/** Finds the facts of a function. */
export function factsOf(each: IrFunction): Facts {
  const definitions = new Map<Value, IrInstruction>();
  const types = new Map<Value, IrType>();
  for (const { params, instructions } of each.blocks) {
    for (const { id, type } of params) types.set(id, type);
    for (const instruction of instructions) {
      definitions.set(instruction.id, instruction);
      types.set(instruction.id, instruction.type);
    }
  }
  const uses = usesOf(each);
  const usesOfValue = (value: Value): readonly Use[] => uses.get(value) ?? [];
  const typeOf = (value: Value | undefined): IrType => types.get(value ?? -1) ?? 'void';

  const constantZero = (value: Value): boolean => {
    const definition = definitions.get(value);
    return definition?.op === 'const' && BigInt.asUintN(64, definition.value) === 0n;
  };
  /** The comparison behind `%c != 0` or `%c == 0`. */
  const compareBehind = ({ comparison, left, right }: Branch): Compare | undefined => {
    if ((comparison !== 'notEqual' && comparison !== 'equal') || !constantZero(right)) return undefined;
    const definition = definitions.get(left);
    return definition?.op === 'compare' ? definition : undefined;
  };
  const isTest = ({ user, place }: Use): boolean =>
    user.op === 'branch' && place === 0 && compareBehind(user) !== undefined;
  const fusedCompares = new Set(
    [...definitions.values()]
      .filter(({ op, id }) => op === 'compare' && usesOfValue(id).every(isTest))
      .map(({ id }) => id),
  );

  /** `(a & b) != 0` is a comparison of its own, where nobody else needs `a & b`. */
  const withBits = (condition: Condition): Condition => {
    const { comparison, left, right, negated } = condition;
    const definition = definitions.get(left);
    const tests = (comparison === 'notEqual' || comparison === 'equal') && constantZero(right);
    if (!tests || definition?.op !== 'and' || usesOfValue(left).length > 1) return condition;
    const [first = 0, second = 0] = definition.args;
    const changes = comparison === 'equal';
    return { comparison: 'bitSet', left: first, right: second, negated: negated !== changes };
  };
  const conditionOf = (branch: Branch): Condition => {
    const behind = compareBehind(branch);
    const negated = branch.comparison === 'equal';
    if (behind && fusedCompares.has(behind.id)) {
      const [left = 0, right = 0] = behind.args;
      return withBits({ comparison: behind.comparison, left, right, negated });
    }
    return withBits({
      comparison: branch.comparison,
      left: branch.left,
      right: branch.right,
      negated: false,
    });
  };

  return {
    typeOf,
    accessedOnly: accessedOnly(definitions, usesOfValue),
    lowHalfOnly: lowHalfOnly(definitions, usesOfValue, typeOf),
    fusedCompares,
    conditionOf,
  };
}

function usesOf({ blocks }: IrFunction): Map<Value, Use[]> {
  const uses = new Map<Value, Use[]>();
  const add = (value: Value, user: Use['user'], place: number): void => {
    const list = uses.get(value);
    if (list) list.push({ user, place });
    else uses.set(value, [{ user, place }]);
  };
  for (const { instructions, terminator } of blocks) {
    for (const user of instructions)
      for (const [place, value] of user.args.entries()) add(value, user, place);
    if (terminator.op === 'jump') for (const value of terminator.to.args) add(value, terminator, -1);
    if (terminator.op === 'return' && terminator.value !== undefined) add(terminator.value, terminator, 0);
    if (terminator.op === 'branch') {
      add(terminator.left, terminator, 0);
      add(terminator.right, terminator, 1);
      for (const { args } of [terminator.then, terminator.otherwise]) {
        for (const value of args) add(value, terminator, -1);
      }
    }
  }
  return uses;
}

function accessedOnly(
  definitions: ReadonlyMap<Value, IrInstruction>,
  usesOfValue: (value: Value) => readonly Use[],
): Set<Value> {
  const isDistance = ({ args }: IrInstruction): boolean => definitions.get(args[1] ?? -1)?.op === 'const';
  const known = new Map<Value, boolean>();
  const check = (value: Value): boolean => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const found = usesOfValue(value).every(({ user, place }) => {
      if (user.op === 'load') return true;
      if (user.op === 'store' || user.op === 'atomic') return place === 0;
      return user.op === 'offsetPointer' && place === 0 && isDistance(user) && check(user.id);
    });
    known.set(value, found);
    return found;
  };
  const moved = [...definitions.values()].filter((each) => each.op === 'offsetPointer' && isDistance(each));
  return new Set(moved.filter(({ id }) => check(id)).map(({ id }) => id));
}

function lowHalfOnly(
  definitions: ReadonlyMap<Value, IrInstruction>,
  usesOfValue: (value: Value) => readonly Use[],
  typeOf: (value: Value | undefined) => IrType,
): Set<Value> {
  const looksLow = ({ user, place }: Use): boolean => {
    if (place < 0) return false;
    switch (user.op) {
      case 'branch':
      case 'signExtend':
        return true;
      case 'compare':
        return true;
      case 'store':
        return place === 1 && user.size < 8;
      case 'swapBytes':
        return user.bits < 64;
      default:
        return (
          (binaryOperators as readonly string[]).includes(user.op) && 'type' in user && user.type === 'i32'
        );
    }
  };
  const candidates = [...definitions.values()].filter(
    ({ op, type, id }) =>
      type === 'i32' &&
      typeOf(id) === 'i32' &&
      (op === 'truncate' || op === 'callHelper' || op === 'callKernel'),
  );
  return new Set(candidates.filter(({ id }) => usesOfValue(id).every(looksLow)).map(({ id }) => id));
}
