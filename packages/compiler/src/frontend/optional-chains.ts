/**
 * `pointer?.field.inner`, `pointer?.method()`: where a pointer of the chain is null, the rest of it is not looked at, and the whole
 * is undefined. So it means something only where undefined does: beside `??`, compared with `===` and `!==`, as a condition, and where
 * nobody uses it.
 */
import { methodOf } from './calls.ts';
import { decideTruth } from './conditions.ts';
import { elementIn, expression, memberOf } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import { present } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import type { BuildingBlock } from './ssa.ts';
import type { Call, Element, Expression, Member } from './syntax.ts';

type Link = Member | Element | (Call & { readonly callee: Member });

/** What hangs on what is before it. */
function isLink(node: Expression): node is Link {
  return (
    node.kind === 'member' ||
    node.kind === 'element' ||
    (node.kind === 'call' && node.callee.kind === 'member')
  );
}

/** The member of which a link is the value, or the call. */
const memberIn = (link: Link): Member | undefined =>
  link.kind === 'member' ? link : link.kind === 'call' ? link.callee : undefined;

const objectOf = (link: Link): Expression => (link.kind === 'call' ? link.callee.object : link.object);

/** Whether there is a `?.` in the chain. */
export function isOptionalChain(node: Expression): boolean {
  if (!isLink(node)) return false;
  return memberIn(node)?.optional === true || isOptionalChain(objectOf(node));
}

/**
 * What is at the end of the chain; goes to `missing` where a pointer before a `?.` is null. Undefined if that is known to be so.
 */
export function followChain(f: Lowering, node: Expression, missing: BuildingBlock): Operand | undefined {
  if (!isLink(node) || !isOptionalChain(node)) return expression(f, node);
  const before = objectOf(node);
  const object = followChain(f, before, missing);
  if (object === undefined) return undefined;
  return f.at(node.place, () => {
    if (memberIn(node)?.optional) {
      const there = f.builder.block();
      decideTruth(f, object, before.place, there, missing);
      f.builder.enter(there);
      if (!f.builder.reachable) return undefined;
    }
    if (node.kind === 'element') return elementIn(f, present(f, object, before), node);
    if (node.kind === 'member') return memberOf(f, present(f, object, before), node);
    const result = methodOf(f, object, node, node.callee);
    if (result) return result;
    const field = memberOf(f, present(f, object, before), node.callee);
    return f.fail('W408', node.callee.place, { got: describeOperand(field) });
  });
}

/** A chain whose value nobody uses, such as a call. */
export function lowerThroughNull(f: Lowering, node: Expression): void {
  const end = f.builder.block();
  if (followChain(f, node, end)) f.builder.jump(end, f.origin);
  f.builder.enter(end);
}
