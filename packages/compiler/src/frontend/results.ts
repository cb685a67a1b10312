/** What functions return: the verdict of a program, or a scalar or pointer of the declared type. */
import { bool, i32, kernelTypeName, type Scalar, u32 } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { type IrType, nonNull, type Space, spaceOf } from '../ir/type.ts';
import { turnResult } from './callbacks.ts';
import { expression } from './expressions.ts';
import { irType, type Lowering, sameType } from './lowering.ts';
import { present } from './memory.ts';
import { spaceName } from './merge.ts';
import { describeOperand, type Operand, type Pointer } from './operand.ts';
import { adapt, convert } from './scalars.ts';
import type { Expression, Place } from './syntax.ts';

/** `return value`. */
export function returnValue(f: Lowering, node: Expression | undefined, place: Place): void {
  const value = resultOf(f, node, place);
  for (const finish of f.returning) finish();
  f.builder.return(value, f.originOf(place));
}

/** The end of a function that does not return there. */
export function endFunction(f: Lowering, place: Place, tracing: boolean): void {
  if (!f.builder.reachable) return;
  const { kind } = f.result;
  if (kind === 'void') f.builder.return(undefined, f.originOf(place));
  else if (kind === 'turn') returnValue(f, undefined, place);
  else if (kind === 'verdict' && tracing) {
    const zero = f.at(place, () => f.constant('i32', 0n));
    f.builder.return(zero, f.originOf(place));
  } else if (f.program.reporter.found.length === 0) {
    // A faulty return would be one that returns.
    f.program.reporter.add('W409', place, { name: f.name });
  }
}

function resultOf(f: Lowering, node: Expression | undefined, place: Place): Value | undefined {
  const { result } = f;
  if (node === undefined) {
    if (result.kind === 'void') return undefined;
    if (result.kind === 'turn') return f.constant('i32', 0n);
    return result.kind === 'verdict' ? f.constant('i32', 0n) : f.fail('W409', place, { name: f.name });
  }
  const expected = result.kind === 'scalar' ? result.type : result.kind === 'pointer' ? result.to : undefined;
  const operand = expression(f, node, expected);
  switch (result.kind) {
    case 'verdict':
      return verdict(f, operand, node.place);
    case 'turn':
      return turnResult(f, operand, result.stops, node);
    case 'scalar':
      return scalarResult(f, operand, result.type, node.place);
    case 'void':
      if (operand.kind === 'void') return undefined;
      return f.fail('W201', node.place, { expected: 'nothing', got: describeOperand(operand), cast: 'void' });
    default:
      return pointerResult(f, operand, node);
  }
}

function scalarResult(f: Lowering, operand: Operand, type: Scalar, place: Place): Value {
  const value = convert(f, operand, type, place);
  f.resultSeen &&= f.isSeen(value, type);
  return value;
}

function verdict(f: Lowering, operand: Operand, place: Place): Value {
  if (operand.kind === 'literal' && operand.of === 'number') {
    return adapt(f, operand, operand.value < 0n ? i32 : u32, place).value;
  }
  const { type } = operand.kind === 'scalar' ? operand : { type: undefined };
  if (
    operand.kind === 'scalar' &&
    type &&
    type !== bool &&
    type.byteOrder === 'native' &&
    irType(type) === 'i32'
  ) {
    return operand.value;
  }
  return f.fail('W201', place, { expected: 'a verdict', got: describeOperand(operand), cast: 'u32' });
}

function pointerResult(f: Lowering, operand: Operand, node: Expression): Value {
  const { result } = f;
  const key = `result of ${f.name}`;
  const nullable = result.kind === 'pointer' ? result.nullable : true;
  if (operand.kind === 'null') {
    if (!nullable) present(f, operand, node);
    f.resultType ??= `${nonNull(f.program.guessSpace(key)) as Space}?`;
    return f.emit({ op: 'const', value: 0n }, f.resultType);
  }
  const fits = operand.kind === 'pointer' && (result.kind !== 'pointer' || sameType(operand.to, result.to));
  if (!fits) {
    return f.fail('W201', node.place, {
      expected: result.kind === 'pointer' ? `a ${kernelTypeName(result.to)}` : 'a pointer',
      got: describeOperand(operand),
      cast: result.kind === 'pointer' ? kernelTypeName(result.to) : 'struct',
    });
  }
  const pointer = operand as Pointer;
  if (!nullable) present(f, pointer, node);
  const own = f.builder.typeOf(pointer.value);
  const space = spaceOf(own);
  if (space === 'stack') f.fail('W311', node.place, { what: 'the stack of this function' });
  const type: IrType = nullable ? `${nonNull(own) as Space}?` : nonNull(own);
  if (f.resultType !== undefined && f.resultType !== type) {
    f.program.learnSpace(key, type);
    f.fail('W308', node.place, { left: spaceName(f.resultType), right: spaceName(type) });
  }
  f.resultType = type;
  f.resultPointee ??= pointer.to;
  return f.addressOf(pointer);
}
