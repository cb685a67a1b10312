/**
 * Callbacks that the kernel calls: the body of loop(), of a map's forEach(), of drain(). Such a body becomes a function of its
 * own, which gets what it uses of its surroundings through the stack (captures.ts).
 */

import { i32, type Type, u32 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { Captures } from './captures.ts';
import { lessThan } from './conditions.ts';
import { declaredType } from './declared-types.ts';
import { expression } from './expressions.ts';
import { callbackArgument } from './inline-callbacks.ts';
import { Lowering, sameType } from './lowering.ts';
import { read } from './memory.ts';
import type { Module } from './modules.ts';
import { describeOperand, type Operand } from './operand.ts';
import { Reported } from './report.ts';
import { endFunction } from './results.ts';
import { convert, scalarOf } from './scalars.ts';
import { statements } from './statements.ts';
import type { Call, Expression, FunctionSyntax, ParameterSyntax, Place } from './syntax.ts';
import { usedNames } from './syntax-queries.ts';

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
  const name = lowerCallback(f, { module: f.module, syntax: callback }, shape, true, (inner) => {
    const { address } = captures;
    const passed = inner.builder.param(inner.builder.current, address === undefined ? 'stack?' : 'stack');
    captures.declare(inner, passed);
  });
  const captured = captures.address ?? f.emit({ op: 'const', value: 0n }, 'stack?');
  // The function may move the packet: this is what says so to those who watch pointers into it.
  const reference = f.emit({ op: 'functionReference', function: name }, 'function');
  const answer = callHelper(reference, captured);
  captures.takeBack();
  return scalarOf(i32, f.emit({ op: 'truncate' }, 'i32', [answer]));
}

/**
 * Lowers a callback that runs when the function around it is over: a function of the module, or one that uses nothing of its
 * surroundings. Gives its name.
 */
export function lowerLater(
  f: Lowering,
  node: Expression | undefined,
  call: Call,
  shape: CallbackShape,
): string {
  const named = node?.kind === 'identifier' || node?.kind === 'member' ? expression(f, node) : undefined;
  const { module, syntax } =
    named?.kind === 'function'
      ? named
      : { module: f.module, syntax: callbackArgument(f, node, call.place, `${shape.name}()`) };
  if (f.program.active.has(syntax)) f.fail('W404', call.place, { name: syntax.name });
  f.program.active.add(syntax);
  try {
    return lowerCallback(f, { module, syntax }, shape, false, (callback) => {
      if (named) return;
      for (const name of usedNames(syntax.body)) {
        const binding = f.lookup(name);
        if (!binding) continue;
        if (binding.kind === 'const' && isKnown(binding.operand)) callback.declare(name, binding);
        else f.fail('W116', syntax.place, { name, call: `${shape.name}()` });
      }
    });
  } finally {
    f.program.active.delete(syntax);
  }
}

const isKnown = ({ kind }: Operand): boolean =>
  kind === 'literal' || kind === 'static' || kind === 'function' || kind === 'null';

/** Lowers the function; `begin` declares what it uses of its surroundings. */
function lowerCallback(
  caller: Lowering,
  { module, syntax }: { readonly module: Module; readonly syntax: FunctionSyntax },
  { name, parameters, bind }: CallbackShape,
  stops: boolean,
  begin: (callback: Lowering) => void,
): string {
  const { program } = caller;
  const faults = program.reporter.found.length;
  if (syntax.unsupported)
    caller.fail(syntax.unsupported.code, syntax.place, { what: syntax.unsupported.what });
  const unique = program.functionName(`${caller.name}_${name}`);
  const f = new Lowering(program, module, unique, { kind: 'turn', stops }, syntax.place);
  const values = parameters.map((type) => f.builder.param(f.builder.current, type));
  begin(f);
  const given = bind(f, values);
  for (const [index, parameter] of syntax.parameters.entries()) {
    bindParameter(f, parameter, given[index]);
  }
  statements(f, syntax.body);
  endFunction(f, syntax.place, false);
  program.functions.push(f.builder.finish(unique, 'i32', 'static'));
  if (program.reporter.found.length > faults) throw new Reported();
  return unique;
}

function bindParameter(
  f: Lowering,
  { pattern, type, place }: ParameterSyntax,
  operand: Operand | undefined,
): void {
  if (pattern.kind !== 'identifier' || operand === undefined) {
    f.fail('W101', place, { what: 'This parameter of a callback' });
  }
  const declared = type && declaredType(f, type);
  const fits =
    !declared ||
    (declared.kind === 'scalar' && operand.kind === 'scalar' && declared.type === operand.type) ||
    (declared.kind === 'pointer' && operand.kind === 'pointer' && sameType(declared.to, operand.to));
  if (!fits) {
    const expected = describeOperand(operand);
    f.fail('W201', place, { expected, got: 'another type', cast: 'annotate' });
  }
  f.declare(pattern.name, { kind: 'const', operand });
}

/** The key and the value of an entry, from what the kernel gives to a callback. */
export function entryOperands(
  callback: Lowering,
  key: Type,
  value: Type,
  [, keyPointer = 0, valuePointer = 0]: readonly Value[],
): readonly Operand[] {
  return [
    read(callback, { kind: 'pointer', to: key, value: keyPointer, offset: 0 }),
    read(callback, { kind: 'pointer', to: value, value: valuePointer, offset: 0 }),
  ];
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
export function turnResult(f: Lowering, operand: Operand, stops: boolean, node: Expression): Value {
  if (operand.kind === 'void') return f.constant('i32', 0n);
  if (!stops) {
    return f.fail('W201', node.place, { expected: 'nothing', got: describeOperand(operand), cast: 'void' });
  }
  if (operand.kind === 'literal' && operand.of === 'boolean') return f.constant('i32', operand.value);
  if (operand.kind === 'scalar' && operand.type.name === 'bool') return operand.value;
  return f.fail('W201', node.place, {
    expected: 'true (to end the loop), false or nothing',
    got: describeOperand(operand),
    cast: 'bool',
  });
}
