/**
 * Decides branches whose condition is constant, and lets branches compare for themselves instead of asking a value that is
 * the result of a comparison.
 *
 *     %3: i32 = compare less %1 %2         branch less %1 %2 ? b1 : b2
 *     branch notEqual %3 0 ? b1 : b2   =>
 */
import type { Edge, Terminator } from '../ir/ir.ts';
import { isInteger } from '../ir/type.ts';
import { jumpTo } from './analysis/rewrite.ts';
import { type Scope, simplify } from './analysis/simplify.ts';
import { type Condition, simplifyCondition } from './comparisons.ts';
import { functionPass, type Pass } from './pass.ts';

/** Branch folding. */
export const branches: Pass = functionPass('branches', (fn) => simplify(fn, { terminator }));

type Branch = Terminator & { readonly op: 'branch' };

function terminator(original: Terminator, scope: Scope): Terminator | undefined {
  let current = original;
  while (current.op === 'branch') {
    const simpler: Terminator | undefined = simplerBranch(current, scope);
    if (simpler === undefined) break;
    current = simpler;
  }
  return current;
}

function simplerBranch(branch: Branch, scope: Scope): Terminator | undefined {
  const { then, otherwise } = branch;
  if (sameEdge(then, otherwise)) return jumpTo(then, branch);
  const simpler = simplifyCondition(branch, scope);
  if (typeof simpler === 'boolean') return jumpTo(simpler ? then : otherwise, branch);
  return simpler === undefined ? tested(branch, scope) : withCondition(branch, simpler);
}

const withCondition = (branch: Branch, { comparison, left, right }: Condition): Branch => ({
  ...branch,
  comparison,
  left,
  right,
});

const exchanged = (branch: Branch): Branch => {
  const { then: otherwise, otherwise: then } = branch;
  return { ...branch, then, otherwise };
};

const sameEdge = (left: Edge, right: Edge): boolean =>
  left.block === right.block && left.args.every((value, index) => value === right.args[index]);

/** Branches can be turned around, so unlike comparisons they also find the opposite of `bitSet`. */
function tested(branch: Branch, scope: Scope): Terminator | undefined {
  const { comparison, left, right } = branch;
  if ((comparison !== 'equal' && comparison !== 'notEqual') || !isInteger(scope.type(left))) return undefined;
  const inner = scope.definition(left);
  const constant = scope.constant(right);
  const [value = 0, mask = 0] = inner?.args ?? [];
  if (inner?.op === 'compare' && inner.comparison === 'bitSet' && (constant === 0n || constant === 1n)) {
    const direct = withCondition(branch, { comparison: 'bitSet', left: value, right: mask });
    return (comparison === 'notEqual') === (constant === 0n) ? direct : exchanged(direct);
  }
  // Not where the masked value is used again: comparing it is what tells the verifier its bounds.
  if (inner?.op !== 'and' || !scope.usedOnce(left)) return undefined;
  const bit = scope.constant(mask);
  const oneBit = bit !== undefined && (bit & (bit - 1n)) === 0n && constant === bit;
  if (constant !== 0n && !oneBit) return undefined;
  const direct = withCondition(branch, { comparison: 'bitSet', left: value, right: mask });
  return (comparison === 'notEqual') === (constant === 0n) ? direct : exchanged(direct);
}
