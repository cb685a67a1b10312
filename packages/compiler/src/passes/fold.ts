/**
 * Computes what does not depend on anything unknown: operations on constants become constants, the laws of arithmetic
 * apply, conversions that cancel out disappear. What costs a division or a multiplication by a power of two becomes a shift.
 *
 *     %2: i32 = const 8                    %2: i32 = const 8
 *     %3: i32 = mul %1 %2            =>    %5: i32 = const 3
 *                                          %3: i32 = shiftLeft %1 %5
 */
import type { IrInstruction, Value } from '../ir/ir.ts';
import { isInteger } from '../ir/type.ts';
import { isBinary, resultOf, widthOf } from './analysis/arithmetic.ts';
import { type Scope, type Simpler, simplify } from './analysis/simplify.ts';
import { simplifyCondition } from './comparisons.ts';
import { simplifyBinary } from './identities.ts';
import { functionPass, type Pass } from './pass.ts';

/** Constant folding, algebraic identities and cheaper operators. */
export const fold: Pass = functionPass('fold', (fn) => simplify(fn, { instruction }));

const known = (value: bigint): Simpler => ({ op: 'const', value, args: [] });

function instruction(instruction: IrInstruction, scope: Scope): Value | Simpler | undefined {
  const { type, args } = instruction;
  if (instruction.op === 'const') return undefined;
  const result = resultOf(instruction, scope);
  if (result !== undefined) return known(result);
  const [left = 0, right = 0] = args;
  switch (instruction.op) {
    case 'compare': {
      const { comparison } = instruction;
      const simpler = simplifyCondition({ comparison, left, right }, scope);
      if (typeof simpler === 'boolean') return known(simpler ? 1n : 0n);
      return (
        simpler && { op: 'compare', comparison: simpler.comparison, args: [simpler.left, simpler.right] }
      );
    }
    case 'truncate': {
      const inner = scope.definition(left);
      return inner?.op === 'zeroExtend' && !scope.compared(left) ? inner.args[0] : undefined;
    }
    case 'signExtend':
      return instruction.bits === widthOf(type) && scope.type(left) === type ? left : undefined;
    case 'swapBytes': {
      const inner = scope.definition(left);
      const undone = inner?.op === 'swapBytes' && inner.bits === instruction.bits;
      return undone && instruction.bits === widthOf(type) ? inner.args[0] : undefined;
    }
    default:
      // Pointers into a packet can be subtracted; what comes of it is a number, but they are none.
      return isBinary(instruction.op) && isInteger(type) && scope.type(left) === type
        ? simplifyBinary(instruction.op, instruction, type, scope)
        : undefined;
  }
}
