/**
 * `pointer?.field.inner`: where a pointer of the chain is null, the rest of it is not looked at, and the whole is undefined. So
 * it means something only where undefined does: beside `??`, and compared with `===` and `!==`.
 */
import { decideTruth } from './conditions.ts';
import { elementIn, expression, memberOf } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import { present } from './memory.ts';
import type { Operand } from './operand.ts';
import type { BuildingBlock } from './ssa.ts';
import type { Expression } from './syntax.ts';

/** Whether there is a `?.` in the chain. */
export function isOptionalChain(node: Expression): boolean {
  if (node.kind !== 'member' && node.kind !== 'element') return false;
  return (node.kind === 'member' && node.optional) || isOptionalChain(node.object);
}

/**
 * What is at the end of the chain; goes to `missing` where a pointer before a `?.` is null. Undefined if that is known to be so.
 */
export function followChain(f: Lowering, node: Expression, missing: BuildingBlock): Operand | undefined {
  const links = node.kind === 'member' || node.kind === 'element';
  if (!links || !isOptionalChain(node)) return expression(f, node);
  const object = followChain(f, node.object, missing);
  if (object === undefined) return undefined;
  return f.at(node.place, () => {
    if (node.kind === 'element') return elementIn(f, present(f, object, node.object), node);
    if (node.optional) {
      const there = f.builder.block();
      decideTruth(f, object, node.object.place, there, missing);
      f.builder.enter(there);
      if (!f.builder.reachable) return undefined;
    }
    return memberOf(f, present(f, object, node.object), node);
  });
}
