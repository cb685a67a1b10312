/**
 * Turns operations that the chosen processor version lacks into ones that it has. Version 4 added signed division; before,
 * it is done on absolute values, without a branch: `sign = x >> 31; absolute = (x ^ sign) - sign`.
 */
import type { Block, IrFunction, IrInstruction, Operation, Value } from '../ir/ir.ts';

/** Rewrites a function for processors before version 4. */
export function expandSignedDivision(each: IrFunction): IrFunction {
  const all = each.blocks.flatMap(({ params, instructions }) => [...params, ...instructions]);
  let next = all.reduce((most, { id }) => Math.max(most, id), -1) + 1;
  const expand = (instruction: IrInstruction): IrInstruction[] => {
    const { op, id, type, args, origin } = instruction;
    if (op !== 'signedDiv' && op !== 'signedMod') return [instruction];
    const written: IrInstruction[] = [];
    const add = (operation: Operation, operands: readonly Value[], result = next++): Value => {
      written.push({ ...operation, id: result, type, args: operands, ...(origin ? { origin } : {}) });
      return result;
    };
    const [left = 0, right = 0] = args;
    const last = add({ op: 'const', value: type === 'i32' ? 31n : 63n }, []);
    const signOf = (value: Value): Value => add({ op: 'signedShiftRight' }, [value, last]);
    /** Negates where the sign is -1, changes nothing where it is 0. */
    const apply = (value: Value, sign: Value, result?: Value): Value =>
      add({ op: 'sub' }, [add({ op: 'xor' }, [value, sign]), sign], result);
    const leftSign = signOf(left);
    const rightSign = signOf(right);
    const operation = { op: op === 'signedDiv' ? 'div' : 'mod' } as const;
    const unsigned = add(operation, [apply(left, leftSign), apply(right, rightSign)]);
    // The remainder has the sign of the dividend.
    const sign = op === 'signedDiv' ? add({ op: 'xor' }, [leftSign, rightSign]) : leftSign;
    apply(unsigned, sign, id);
    return written;
  };
  const rewrite = (block: Block): Block => ({ ...block, instructions: block.instructions.flatMap(expand) });
  return { ...each, blocks: each.blocks.map(rewrite) };
}
