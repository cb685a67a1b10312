/**
 * Callbacks that the kernel calls: the body of loop(), of a map's forEach(), of drain(). Such a body becomes a function of its
 * own, which gets what it uses of its surroundings through the stack (captures.ts).
 */

import { i32, u32 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { Captures } from './captures.ts';
import { lessThan } from './conditions.ts';
import { expression } from './expressions.ts';
import { callbackArgument } from './inline-callbacks.ts';
import { Lowering } from './lowering.ts';
import { describeOperand, type Operand } from './operand.ts';
import { Reported } from './report.ts';
import { endFunction } from './results.ts';
import { convert, scalarOf } from './scalars.ts';
import { statements } from './statements.ts';
import type { Call, Expression, FunctionSyntax, Place } from './syntax.ts';

/** What the kernel gives to a callback, besides the pointer to what it captured. */
export interface CallbackShape {
  /** How messages and the function call it. */
  readonly name: string;
  /** The types of what comes before that pointer. */
  readonly parameters: readonly IrType[];
  /** What the parameters of the source stand for, made in the callback from the values of `parameters`. */
  bind(callback: Lowering, values: readonly Value[]): readonly Operand[];
}

/**
 * Lowers a callback, and the call of the helper that runs it: `callHelper` gets the function and the pointer. Gives what the
 * helper answers.
 */
export function runCallback(
  f: Lowering,
  node: Expression | undefined,
  call: Call,
  shape: CallbackShape,
  callHelper: (callback: Value, captured: Value) => Value,
): Operand {
  const callback = callbackArgument(f, node, call.place, `${shape.name}()`);
  const captures = new Captures(f, callback);
  const name = lowerCallback(f, callback, captures, shape);
  const captured = captures.address ?? f.emit({ op: 'const', value: 0n }, 'stack?');
  // The function may move the packet: this is what says so to those who watch pointers into it.
  const reference = f.emit({ op: 'functionReference', function: name }, 'function');
  const answer = callHelper(reference, captured);
  captures.takeBack();
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
}

function lowerCallback(
  caller: Lowering,
  syntax: FunctionSyntax,
  captures: Captures,
  { name, parameters, bind }: CallbackShape,
): string {
  const { program } = caller;
  const faults = program.reporter.found.length;
  const unique = program.functionName(`${caller.name}_${name}`);
  const f = new Lowering(program, caller.module, unique, { kind: 'turn' }, syntax.place);
  const entry = f.builder.current;
  const values = parameters.map((type) => f.builder.param(entry, type));
  const address = f.builder.param(entry, captures.address === undefined ? 'stack?' : 'stack');
  captures.declare(f, address);
  const given = bind(f, values);
  for (const [index, { pattern }] of syntax.parameters.entries()) {
    const operand = given[index];
    if (pattern.kind !== 'identifier' || operand === undefined) {
      return caller.fail('W101', pattern.place, { what: 'This parameter of a callback' });
    }
    f.declare(pattern.name, { kind: 'const', operand });
  }
  statements(f, syntax.body);
  endFunction(f, syntax.place, false);
  program.functions.push(f.builder.finish(unique, 'i32', 'static'));
  if (program.reporter.found.length > faults) throw new Reported();
  return unique;
}

/** `loop(count, (index) => { … })`. */
export function loopCall(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'loop', 2);
  const [countNode = node, body] = node.args;
  const counted = expression(f, countNode, u32);
  const count = convert(f, counted, u32, countNode.place);
  const shape: CallbackShape = {
    name: 'loop',
    parameters: ['i64'],
    bind: (callback, [wide = 0]) => {
      const index = scalarOf(u32, callback.emit({ op: 'truncate' }, 'i32', [wide]));
      if (counted.kind === 'literal') boundIndex(callback, index, counted.value, countNode.place);
      return [index];
    },
  };
  return runCallback(f, body, node, shape, (callback, captured) =>
    f.emit({ op: 'callHelper', helper: Helper.loop }, 'i64', [
      count,
      callback,
      captured,
      f.constant('i64', 0n),
    ]),
  );
}

/** The verifier does not know how often it is called: this test tells it, and never fails. */
function boundIndex(f: Lowering, index: Operand, count: bigint, place: Place): void {
  const { builder } = f;
  const [inside, outside] = [builder.block(), builder.block()];
  lessThan(f, index, count, place, inside, outside);
  builder.enter(outside);
  if (builder.reachable) builder.return(f.constant('i32', 1n), f.originOf(place));
  builder.enter(inside);
}

/** What a callback answers: 1 to be called no more. */
export function turnResult(f: Lowering, operand: Operand, node: Expression): Value {
  if (operand.kind === 'void') return f.constant('i32', 0n);
  if (operand.kind === 'literal' && operand.of === 'boolean') return f.constant('i32', operand.value);
  if (operand.kind === 'scalar' && operand.type.name === 'bool') return operand.value;
  return f.fail('W201', node.place, {
    expected: 'true (to end the loop), false or nothing',
    got: describeOperand(operand),
    cast: 'bool',
  });
}
