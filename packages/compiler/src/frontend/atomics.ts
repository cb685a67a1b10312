/** Atomic operations on fields: `atomic.add(seen, 'packets', 1n)`. */
import { atomic, bool } from '@waggle/bpf';
import type { AtomicOperator } from '../ir/ir.ts';
import { expression } from './expressions.ts';
import { irType, type Lowering } from './lowering.ts';
import { fieldOf, present } from './memory.ts';
import { describeOperand, type Operand } from './operand.ts';
import { convert, scalarOf } from './scalars.ts';
import { fieldArgument } from './static-arguments.ts';
import type { Call } from './syntax.ts';

const OPERATORS: ReadonlyMap<unknown, AtomicOperator> = new Map<unknown, AtomicOperator>([
  [atomic.add, 'fetchAdd'],
  [atomic.and, 'fetchAnd'],
  [atomic.or, 'fetchOr'],
  [atomic.xor, 'fetchXor'],
  [atomic.exchange, 'exchange'],
  [atomic.compareExchange, 'compareExchange'],
]);
/** The same without a result, for calls that are statements. */
const WITHOUT_RESULT: Partial<Record<AtomicOperator, AtomicOperator>> = {
  fetchAdd: 'add',
  fetchAnd: 'and',
  fetchOr: 'or',
  fetchXor: 'xor',
};

export const isAtomic = (value: unknown): boolean => OPERATORS.has(value);

/** Lowers a call of one of the functions of `atomic`. */
export function atomicCall(f: Lowering, value: unknown, node: Call): Operand {
  const operator = OPERATORS.get(value) ?? 'fetchAdd';
  f.program.checkArguments(node, 'atomic', operator === 'compareExchange' ? 4 : 3);
  const [pointerNode = node, fieldNode = node, ...valueNodes] = node.args;
  const pointer = present(f, expression(f, pointerNode), pointerNode);
  const { name } = fieldArgument(f, node, 1);
  if (pointer.kind !== 'pointer') {
    return f.fail('W208', pointerNode.place, { operator: 'atomic', got: describeOperand(pointer) });
  }
  const place = fieldOf(f, pointer, name, fieldNode.place);
  const { to } = place;
  if (place.member) f.fail('W310', pointerNode.place, { what: 'A struct of the kernel' });
  if (to.kind !== 'scalar' || to === bool || to.bits < 32 || to.byteOrder === 'network') {
    return f.fail('W503', fieldNode.place, { type: to.kind === 'scalar' ? to.name : `a ${to.kind}` });
  }
  const values = valueNodes.map((given) => convert(f, expression(f, given), to, given.place));
  const size = to.bits === 64 ? 8 : 4;
  const plain = f.unused === node ? WITHOUT_RESULT[operator] : undefined;
  const operation = { op: 'atomic', operator: plain ?? operator, size, offset: place.offset } as const;
  if (plain) {
    f.emit(operation, 'void', [place.value, ...values]);
    return { kind: 'void' };
  }
  return scalarOf(to, f.emit(operation, irType(to), [place.value, ...values]));
}
