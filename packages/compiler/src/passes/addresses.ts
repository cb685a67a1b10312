/**
 * Moves constant parts of addresses into the instructions that access memory, which have room for them, so that one
 * register serves all fields of a header.
 *
 *     %2: i64 = const 16
 *     %3: packet = offsetPointer %1 %2
 *     %4: i32 = load u32 %3 +4         =>    %4: i32 = load u32 %1 +20
 */
import type { IrInstruction, Value } from '../ir/ir.ts';
import { type Scope, type Simpler, simplify } from './analysis/simplify.ts';
import { functionPass, type Pass } from './pass.ts';

/** Constant offsets of pointers. */
export const addresses: Pass = functionPass('addresses', (fn) => simplify(fn, { instruction }));

/** The offset field of an instruction has 16 bits. */
const fits = (offset: number): boolean => offset >= -0x8000 && offset <= 0x7fff;

function instruction(instruction: IrInstruction, scope: Scope): Value | Simpler | undefined {
  const [pointer = 0, ...rest] = instruction.args;
  switch (instruction.op) {
    case 'load':
    case 'store':
    case 'atomic': {
      const moved = constantOffset(pointer, scope);
      if (moved === undefined || !fits(instruction.offset + moved.by)) return undefined;
      const { id: _id, type: _type, origin: _origin, ...operation } = instruction;
      return { ...operation, offset: instruction.offset + moved.by, args: [moved.base, ...rest] };
    }
    case 'offsetPointer': {
      const by = scope.constant(rest[0] ?? 0);
      if (by === undefined) return undefined;
      // A pointer that was null before it was checked must not be replaced where it is known not to be.
      if (by === 0n && scope.type(pointer) === instruction.type) return pointer;
      const target = scope.definition(pointer);
      if (target?.op === 'mapValueReference') {
        return { ...target, offset: target.offset + Number(BigInt.asIntN(64, by)) };
      }
      const inner = constantOffset(pointer, scope);
      if (inner === undefined) return undefined;
      const sum = BigInt.asIntN(64, by) + BigInt(inner.by);
      return { op: 'offsetPointer', args: [inner.base, scope.number('i64', sum)] };
    }
    default:
      return undefined;
  }
}

/** The pointer and the number of bytes that a pointer is after it, if that is known and as small as offsets are. */
function constantOffset(pointer: Value, scope: Scope): { base: Value; by: number } | undefined {
  const definition = scope.definition(pointer);
  if (definition?.op !== 'offsetPointer') return undefined;
  const [base = 0, index = 0] = definition.args;
  const by = BigInt.asIntN(64, scope.constant(index) ?? 0x10000n);
  return fits(Number(by)) ? { base, by: Number(by) } : undefined;
}
