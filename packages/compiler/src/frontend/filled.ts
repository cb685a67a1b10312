/** Memory on the stack that a helper fills: the value when it has, null when it answers with an error. */
import type { Type } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import type { Lowering } from './lowering.ts';
import { lookedUp, zeroedSlot } from './memory.ts';
import type { Operand } from './operand.ts';

/** Lowers a call of a helper that writes a `type` to an address, and answers 0. */
export function filled(f: Lowering, type: Type, callHelper: (address: Value) => Value): Operand {
  const { builder } = f;
  const slot = zeroedSlot(f, type);
  const answer = f.emit({ op: 'truncate' }, 'i32', [callHelper(slot.value)]);
  const [there, missing, end] = [builder.block(), builder.block(), builder.block()];
  const value = builder.param(end, 'stack?');
  const zero = f.constant('i32', 0n);
  builder.branch('equal', answer, zero, { block: there, facts: [] }, { block: missing, facts: [] }, f.origin);
  builder.enter(there);
  builder.jump(end, f.origin, [slot.value]);
  builder.enter(missing);
  builder.jump(end, f.origin, [f.emit({ op: 'const', value: 0n }, 'stack?')]);
  builder.enter(end);
  return lookedUp(f, type, value);
}
