/**
 * Which values of 32 bits need a move that clears the upper half of their register, although it is clear. The verifier knows
 * that 32-bit instructions clear it, but forgets that after divisions, shifts by a variable, changes of the byte order and
 * atomic operations: afterwards it takes the register for any 64 bits. A comparison of 32 bits tells it nothing about the
 * upper half, so it refuses to add such a register to a pointer:
 *
 *     w1 %= 5
 *     if w1 >= 5 goto …      ; the low half is 0 … 4
 *     r0 += r1               ; refused: r1 has an upper half
 *
 * The move stands right after the instruction that computes the value, so that every later comparison is one of the moved
 * value. Only values that end up in pointers or in arguments of the kernel get one.
 */
import { edgesOf } from '../ir/graph.ts';
import type { IrFunction, IrInstruction, Value } from '../ir/ir.ts';

/** The values of type i32, parameters of the function among them, whose upper half the verifier has to be told of. */
export function forgottenHalves(each: IrFunction): ReadonlySet<Value> {
  const definitions = new Map<Value, IrInstruction>();
  const roots: Value[] = [];
  for (const { instructions } of each.blocks) {
    for (const instruction of instructions) {
      definitions.set(instruction.id, instruction);
      const { op, args } = instruction;
      if (op === 'offsetPointer') roots.push(...args.slice(1));
      if (op === 'callHelper' || op === 'callKernel') roots.push(...args);
    }
  }
  const given = givenTo(each);
  const entry = new Map(each.blocks[0]?.params.map(({ id, type }) => [id, type]));
  const forgotten = new Set<Value>();
  const visited = new Set<Value>();
  for (let value = roots.pop(); value !== undefined; value = roots.pop()) {
    if (visited.has(value)) continue;
    visited.add(value);
    roots.push(...(given.get(value) ?? []));
    const definition = definitions.get(value);
    if (definition === undefined) {
      if (entry.get(value) === 'i32') forgotten.add(value);
    } else if (definition.type === 'i64' || definition.op === 'zeroExtend') {
      // What a register of 64 bits holds depends on what it was computed from.
      if (definition.op !== 'load') roots.push(...definition.args);
    } else if (definition.type === 'i32' && forgets(definition, definitions)) {
      forgotten.add(value);
    }
  }
  return forgotten;
}

/** Whether the verifier knows nothing about the register of a result of 32 bits. */
function forgets({ op, args }: IrInstruction, definitions: ReadonlyMap<Value, IrInstruction>): boolean {
  const isConstant = (value: Value | undefined): boolean => definitions.get(value ?? -1)?.op === 'const';
  switch (op) {
    case 'div':
    case 'mod':
    case 'signedDiv':
    case 'signedMod':
    case 'swapBytes':
    case 'atomic':
    case 'call':
      return true;
    case 'shiftLeft':
    case 'shiftRight':
    case 'signedShiftRight':
      return !isConstant(args[1]);
    case 'sub':
      // A negation.
      return isConstant(args[0]);
    default:
      return false;
  }
}

/** What the edges of a function give to the parameters of blocks. */
function givenTo({ blocks }: IrFunction): Map<Value, Value[]> {
  const params = new Map(blocks.map((block) => [block.id, block.params]));
  const given = new Map<Value, Value[]>();
  for (const { terminator } of blocks) {
    for (const { block, args } of edgesOf(terminator)) {
      for (const [place, { id }] of (params.get(block) ?? []).entries()) {
        const value = args[place];
        if (value === undefined) continue;
        const list = given.get(id);
        if (list) list.push(value);
        else given.set(id, [value]);
      }
    }
  }
  return given;
}
