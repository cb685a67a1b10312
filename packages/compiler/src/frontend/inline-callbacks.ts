/**
 * Callbacks that are compiled where they stand: the body of locked(), a turn of an unrolled loop. `return` leaves the body
 * only, with its value where there is one; the variables around it are simply in scope.
 */

import type { Scalar } from '@waggle/bpf';
import { expression } from './expressions.ts';
import { irType, type Lowering } from './lowering.ts';
import { describeOperand, type Operand } from './operand.ts';
import { Reported } from './report.ts';
import { convert, naturalType, scalarOf } from './scalars.ts';
import type { BuildingBlock, Variable } from './ssa.ts';
import { statements } from './statements.ts';
import type { Expression, FunctionSyntax, Place } from './syntax.ts';

/** A body that is being compiled in place. */
export interface InlineBody {
  readonly end: BuildingBlock;
  /** What it returns, once that is known. */
  result?: { readonly type: Scalar; readonly variable: Variable };
}

/** The function that is written as an argument. */
export function callbackArgument(
  f: Lowering,
  node: Expression | undefined,
  place: Place,
  name: string,
): FunctionSyntax {
  if (node?.kind !== 'function')
    return f.fail('W410', node?.place ?? place, { name: `the callback of ${name}` });
  const { unsupported } = node;
  if (unsupported) f.fail(unsupported.code, unsupported.place, { what: unsupported.what });
  return node;
}

/** Compiles the body of a callback here and gives what it returns. */
export function inlineCallback(f: Lowering, callback: FunctionSyntax): Operand {
  const { builder } = f;
  const body: InlineBody = { end: builder.block() };
  const faults = f.program.reporter.found.length;
  f.inside(body, () => f.scoped(() => statements(f, callback.body)));
  if (builder.reachable) {
    if (body.result && f.program.reporter.found.length === faults) {
      f.program.reporter.add('W409', callback.place, { name: 'the callback' });
    }
    builder.jump(body.end, f.origin);
  }
  builder.enter(body.end);
  // A return that is faulty has no value to go on with.
  if (f.program.reporter.found.length > faults) throw new Reported();
  const { result } = body;
  return result ? scalarOf(result.type, builder.read(result.variable)) : { kind: 'void' };
}

/** `return value` in such a body. */
export function leaveInline(f: Lowering, body: InlineBody, node: Expression | undefined, place: Place): void {
  const operand: Operand = node ? expression(f, node, body.result?.type) : { kind: 'void' };
  if (node && operand.kind !== 'void') {
    if (operand.kind !== 'scalar' && operand.kind !== 'literal') {
      f.fail('W201', node.place, { expected: 'an integer', got: describeOperand(operand), cast: 'u32' });
    }
    const type = body.result?.type ?? (operand.kind === 'literal' ? naturalType(operand) : operand.type);
    body.result ??= { type, variable: { name: 'what the callback returns', type: irType(type) } };
    f.builder.write(body.result.variable, convert(f, operand, type, node.place));
  } else if (body.result) f.fail('W409', place, { name: 'the callback' });
  f.builder.jump(body.end, f.originOf(place));
}
