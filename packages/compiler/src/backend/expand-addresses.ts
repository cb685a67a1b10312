/**
 * Turns loads from addresses of the kernel, of which the verifier knows no type, into calls of bpf_probe_read_kernel(): it
 * copies to the stack, from where they are loaded. Where there is no memory it leaves zeros.
 *
 *     %3: i32 = load u32 %2 +16      =>    %4: stack = stackSlot size 4 alignment 4
 *                                          %5: address = offsetPointer %2 16
 *                                          callHelper probe_read_kernel %4 4 %5
 *                                          %3: i32 = load u32 %4 +0
 */
import type { IrFunction, IrInstruction, Operation, Value } from '../ir/ir.ts';
import { type IrType, spaceOf } from '../ir/type.ts';
import { Helper } from './helper.ts';

/** Expands every load from an `address` of a function. */
export function expandAddresses(each: IrFunction): IrFunction {
  const addresses = new Set<Value>();
  let next = 0;
  for (const { params, instructions } of each.blocks) {
    for (const { id, type } of [...params, ...instructions]) {
      if (spaceOf(type) === 'address') addresses.add(id);
      next = Math.max(next, id + 1);
    }
  }
  if (addresses.size === 0) return each;

  const expand = (instruction: IrInstruction): readonly IrInstruction[] => {
    const [pointer = 0] = instruction.args;
    if (instruction.op !== 'load' || !addresses.has(pointer)) return [instruction];
    const { origin, size, offset } = instruction;
    const written: IrInstruction[] = [];
    const write = (operation: Operation, type: IrType, args: readonly Value[] = []): Value => {
      written.push({ ...operation, id: next, type, args, ...(origin ? { origin } : {}) });
      return next++;
    };
    const slot = write({ op: 'stackSlot', size, alignment: size }, 'stack');
    const bytes = write({ op: 'const', value: BigInt(size) }, 'i32');
    const distance = write({ op: 'const', value: BigInt(offset) }, 'i64');
    const from = offset === 0 ? pointer : write({ op: 'offsetPointer' }, 'address', [pointer, distance]);
    write({ op: 'callHelper', helper: Helper.probeReadKernel }, 'void', [slot, bytes, from]);
    return [...written, { ...instruction, offset: 0, args: [slot] }];
  };
  const blocks = each.blocks.map((block) => ({ ...block, instructions: block.instructions.flatMap(expand) }));
  return { ...each, blocks };
}
