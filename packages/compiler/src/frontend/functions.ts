/**
 * Functions of the program's own. A function becomes one of the IR for each way in which it is called: what is known when
 * the program is compiled (maps, structs) is not passed at all, and a pointer is passed with the memory it leads to.
 */
import { type KernelFieldType, kernelTypeName } from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import { type IrType, nonNull, type Space } from '../ir/type.ts';
import { declaredType } from './declared-types.ts';
import { expression } from './expressions.ts';
import { irType, Lowering, sameType } from './lowering.ts';
import { inSlot, present } from './memory.ts';
import { type DeclaredType, describeOperand, type Operand, type Pointer } from './operand.ts';
import { Reported } from './report.ts';
import { endFunction } from './results.ts';
import { convert, scalarOf } from './scalars.ts';
import { statements } from './statements.ts';
import type { Call, Expression, ParameterSyntax, Pattern } from './syntax.ts';
import { returnedExpression, returnsValue } from './syntax-queries.ts';
import { destructure } from './variables.ts';

type FunctionOperand = Extract<Operand, { kind: 'function' }>;

/** How one argument reaches the function. */
type Passed =
  /** Bound when the program is compiled. */
  | { readonly how: 'known'; readonly operand: Operand }
  | {
      readonly how: 'value';
      readonly value: Value;
      readonly type: IrType;
      readonly as: Operand;
      /** Whether the verifier knows that an integer fits its type. */
      readonly seen?: boolean;
    };

/** A function as it was lowered for one way of calling it. */
export interface Instance {
  readonly name: string;
  readonly result: DeclaredType;
  readonly resultType: IrType;
  readonly resultPointee: KernelFieldType | undefined;
  readonly resultSeen: boolean;
  /** It has faults, which were reported. */
  readonly faulty: boolean;
}

/** Lowers a call of a function, and the function itself at its first call. */
export function callFunction(f: Lowering, called: FunctionOperand, node: Call): Operand {
  const { program } = f;
  const { module, syntax, receiver } = called;
  if (syntax.unsupported) {
    const { code, place, what } = syntax.unsupported;
    f.fail(code, place, { what });
  }
  program.checkArguments(node, syntax.name, syntax.parameters.length);
  // Annotations are read in the module of the function, faults in them reported there.
  const reader = new Lowering(program, module, syntax.name, { kind: 'void' }, syntax.place);
  const given = syntax.parameters.map((parameter, index) => pass(f, reader, parameter, node, index));
  const passed = receiver ? [passPointer(f, receiver, false), ...given] : given;
  if (program.active.has(syntax)) f.fail('W404', node.place, { name: syntax.name });
  const inPlace = receiver && !syntax.result && returnedExpression(syntax);
  if (inPlace) return lowerInPlace(f, called, passed, inPlace);
  const result: DeclaredType = syntax.result ? declaredType(reader, syntax.result) : { kind: 'void' };
  if (!syntax.result && returnsValue(syntax.body)) {
    f.fail('W406', syntax.place, { what: `the result of ${syntax.name}` });
  }
  const key = passed
    .map((each) => (each.how === 'known' ? program.identity(each.operand) : `${each.type} ${each.seen}`))
    .join(',');
  const instance = program.instance(syntax, key, (name) => {
    program.active.add(syntax);
    try {
      return lowerInstance(f, name, called, passed, result);
    } finally {
      program.active.delete(syntax);
    }
  });
  // What it would return is not known; that it is faulty was said already.
  if (instance.faulty) throw new Reported();
  const values = passed.flatMap((each) => (each.how === 'value' ? [each.value] : []));
  const value = f.emit({ op: 'call', function: instance.name }, instance.resultType, values);
  if (result.kind === 'void') return { kind: 'void' };
  if (result.kind === 'scalar') {
    f.assume(value, result.type, instance.resultSeen);
    return scalarOf(result.type, value);
  }
  const to = result.kind === 'pointer' ? result.to : instance.resultPointee;
  return to ? { kind: 'pointer', to, value, offset: 0 } : { kind: 'null' };
}

function pass(f: Lowering, reader: Lowering, parameter: ParameterSyntax, node: Call, index: number): Passed {
  const given = node.args[index] ?? node;
  const declared = parameter.type && declaredType(reader, parameter.type);
  if (!declared) return f.fail('W406', parameter.place, { what: 'this parameter' });
  if (declared.kind === 'scalar') {
    const { type } = declared;
    const value = convert(f, expression(f, given, type), type, given.place);
    const seen = f.isSeen(value, type);
    return { how: 'value', value, type: irType(type), as: scalarOf(type, value), seen };
  }
  if (declared.kind === 'pointer' && (given.kind === 'object' || given.kind === 'array')) {
    const slot = inSlot(f, declared.to, given);
    return { how: 'value', value: slot.value, type: 'stack', as: slot };
  }
  const operand = expression(f, given, declared.kind === 'pointer' ? declared.to : undefined);
  switch (operand.kind) {
    case 'context':
      return { how: 'value', value: operand.value, type: 'context', as: operand };
    case 'map': {
      present(f, operand, given);
      return { how: 'value', value: operand.value, type: 'map', as: operand };
    }
    case 'pointer': {
      if (declared.kind === 'pointer' && !sameType(declared.to, operand.to)) {
        return f.fail('W201', given.place, {
          expected: `a ${kernelTypeName(declared.to)}`,
          got: describeOperand(operand),
          cast: kernelTypeName(declared.to),
        });
      }
      const nullable = declared.kind === 'pointer' && declared.nullable;
      if (!nullable) present(f, operand, given);
      return passPointer(f, operand, nullable);
    }
    case 'optional':
      present(f, operand, given);
      return f.fail('W406', parameter.place, { what: 'this parameter' });
    case 'scalar':
      return f.fail('W406', parameter.place, { what: 'this parameter' });
    case 'null':
      if (declared.kind === 'pointer' && !declared.nullable) present(f, operand, given);
      return { how: 'known', operand };
    default:
      return { how: 'known', operand };
  }
}

function passPointer(f: Lowering, pointer: Pointer, nullable: boolean): Passed {
  const space = nonNull(f.builder.typeOf(pointer.value));
  const type: IrType = nullable ? `${space as Space}?` : space;
  return { how: 'value', value: f.addressOf(pointer), type, as: pointer };
}

/** What the function calls its arguments: `this` is the first one of a method. */
function patternsOf({ syntax, receiver }: FunctionOperand): readonly Pattern[] {
  const own = syntax.parameters.map(({ pattern }) => pattern);
  return receiver ? [{ kind: 'identifier', place: syntax.place, name: 'this' }, ...own] : own;
}

/**
 * A method that is one expression: it needs no function in the IR, and what is known of its result stays known, so
 * that a length found in a header can be an offset.
 */
function lowerInPlace(
  f: Lowering,
  called: FunctionOperand,
  passed: readonly Passed[],
  result: Expression,
): Operand {
  const { active } = f.program;
  const { module, syntax } = called;
  const patterns = patternsOf(called);
  active.add(syntax);
  try {
    return f.elsewhere(module, () => {
      for (const [index, each] of passed.entries()) {
        const pattern = patterns[index];
        if (pattern) destructure(f, pattern, argumentOf(each, undefined), false);
      }
      return expression(f, result);
    });
  } finally {
    active.delete(syntax);
  }
}

function lowerInstance(
  caller: Lowering,
  name: string,
  called: FunctionOperand,
  passed: readonly Passed[],
  result: DeclaredType,
): Instance {
  const { program } = caller;
  const { module, syntax } = called;
  const patterns = patternsOf(called);
  const faults = program.reporter.found.length;
  const f = new Lowering(program, module, name, result, syntax.place);
  if (result.kind === 'scalar') f.resultType = irType(result.type);
  const entry = f.builder.current;
  for (const [index, each] of passed.entries()) {
    const pattern = patterns[index];
    if (!pattern) continue;
    const value = each.how === 'value' ? f.builder.param(entry, each.type) : undefined;
    if (pattern.kind === 'identifier' && each.how === 'value' && value !== undefined) {
      declareParameter(f, pattern.name, each, value);
    } else destructure(f, pattern, argumentOf(each, value), false);
  }
  statements(f, syntax.body);
  endFunction(f, syntax.place, false);
  const resultType: IrType = f.result.kind === 'void' ? 'void' : (f.resultType ?? 'stack?');
  program.functions.push(f.builder.finish(name, resultType, 'static'));
  const faulty = program.reporter.found.length > faults;
  const { resultPointee, resultSeen } = f;
  return { name, result, resultType, resultPointee, resultSeen, faulty };
}

/** What a parameter stands for that is taken apart, or not passed at all. */
function argumentOf(passed: Passed, value: Value | undefined): Operand {
  if (passed.how === 'known') return passed.operand;
  const { as } = passed;
  if (value === undefined) return as;
  // The pointer was passed with its offset.
  if (as.kind === 'pointer') return { kind: 'pointer', to: as.to, value, offset: 0 };
  return as.kind === 'context' || as.kind === 'map' || as.kind === 'scalar' ? { ...as, value } : as;
}

/** A parameter may be assigned, like any variable. */
function declareParameter(
  f: Lowering,
  name: string,
  { as, type, seen = true }: Extract<Passed, { how: 'value' }>,
  value: Value,
): void {
  if (as.kind === 'scalar' || as.kind === 'pointer') {
    const variable = { name, type };
    f.builder.write(variable, value);
    if (as.kind === 'scalar') f.assume(value, as.type, seen);
    const of =
      as.kind === 'scalar'
        ? ({ kind: 'scalar', type: as.type } as const)
        : ({ kind: 'pointer', to: as.to } as const);
    f.declare(name, { kind: 'let', variable, type: of });
  } else if (as.kind === 'context' || as.kind === 'map') {
    f.declare(name, { kind: 'const', operand: { ...as, value } });
  }
}
