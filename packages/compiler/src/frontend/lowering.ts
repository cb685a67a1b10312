/**
 * What everybody who lowers a part of a function shares: the function being built, the names in scope, and a few short ways
 * to emit. The parts themselves are functions over a `Lowering`: statements.ts, expressions.ts, conditions.ts, …
 */
import {
  i32,
  i64,
  type KernelFieldType,
  kernelTypeName,
  type MapSpec,
  type Scalar,
  type Struct,
  type Type,
  u32,
  u64,
} from '@waggle/bpf';
import type { AccessSize, Operation, Origin, Value } from '../ir/ir.ts';
import { type Integer, type IrType, nonNull } from '../ir/type.ts';
import type { DiagnosticCode } from './diagnostics.ts';
import type { InlineBody } from './inline-callbacks.ts';
import type { Module } from './modules.ts';
import type { DeclaredType, Operand, Pointer } from './operand.ts';
import type { ProgramLowering } from './program.ts';
import { contains, exactly, fullRange, type Known, type Range } from './range.ts';
import type { Details } from './report.ts';
import { type BuildingBlock, FunctionBuilder, type Variable } from './ssa.ts';
import type { Expression, Place } from './syntax.ts';

/** What a `let` may hold. */
export type VariableType =
  | { readonly kind: 'scalar'; readonly type: Scalar }
  | { readonly kind: 'pointer'; readonly to: KernelFieldType };

/** What a name stands for in a function. */
export type Binding =
  | { readonly kind: 'const'; readonly operand: Operand }
  | { readonly kind: 'let'; readonly variable: Variable; readonly type: VariableType }
  /** Its declaration was faulty, and that was reported. */
  | { readonly kind: 'faulty' };

/** Where `break` and `continue` go. */
export interface Exit {
  readonly label?: string;
  readonly breaks: BuildingBlock;
  readonly continues?: BuildingBlock;
}

/** What the verifier does not allow while a spin lock is held. */
const CALLS: ReadonlySet<Operation['op']> = new Set([
  'callHelper',
  'callKernel',
  'call',
  'tailCall',
] as const);

export class Lowering {
  readonly program: ProgramLowering;
  /** The one in which names are looked up. */
  module: Module;
  readonly name: string;
  readonly builder = new FunctionBuilder();
  exits: Exit[] = [];
  /** The declared result. */
  readonly result: DeclaredType;
  /** The type of the result in the IR, where it is known only from what is returned. */
  resultType: IrType | undefined;
  /** What a returned pointer leads to. */
  resultPointee: KernelFieldType | undefined;
  /** Whether the verifier knows that all returned integers fit their type. */
  resultSeen = true;
  /** The callback that is being compiled in place; `return` leaves it. */
  inlined: InlineBody | undefined;
  /** What a callback does before it returns: variables go back to where its caller finds them. */
  readonly returning: (() => void)[] = [];
  private exclusive = false;
  private scopes: Map<string, Binding>[] = [new Map()];
  private place: Place;

  constructor(program: ProgramLowering, module: Module, name: string, result: DeclaredType, place: Place) {
    this.program = program;
    this.module = module;
    this.name = name;
    this.result = result;
    this.place = place;
  }

  // Names

  declare(name: string, binding: Binding): void {
    this.scopes.at(-1)?.set(name, binding);
  }

  lookup(name: string): Binding | undefined {
    for (let depth = this.scopes.length - 1; depth >= 0; depth--) {
      const found = this.scopes[depth]?.get(name);
      if (found) return found;
    }
    return undefined;
  }

  scoped(body: () => void): void {
    this.scopes.push(new Map());
    try {
      body();
    } finally {
      this.scopes.pop();
    }
  }

  /** Lowers a callback in place: `return` leaves it, and `break` cannot. */
  inside(body: InlineBody, lower: () => void): void {
    const { exits, inlined } = this;
    this.exits = [];
    this.inlined = body;
    try {
      lower();
    } finally {
      this.exits = exits;
      this.inlined = inlined;
    }
  }

  /** Lowers what stands in a module, with none of the names of this function. */
  elsewhere<T>(module: Module, lower: () => T): T {
    const { module: here, scopes } = this;
    this.module = module;
    this.scopes = [new Map()];
    try {
      return lower();
    } finally {
      this.module = here;
      this.scopes = scopes;
    }
  }

  /** Lowers what runs while a spin lock is held, during which nothing may be called. */
  holding<T>(lower: () => T): T {
    this.exclusive = true;
    try {
      return lower();
    } finally {
      this.exclusive = false;
    }
  }

  // Places

  /** Runs `body` with instructions coming from that place. */
  at<T>(place: Place, body: () => T): T {
    const before = this.place;
    this.place = place;
    try {
      return body();
    } finally {
      this.place = before;
    }
  }

  get origin(): Origin {
    return this.originOf(this.place);
  }

  originOf({ file, line, column }: Place): Origin {
    return { file, source: (this.module.lines[line - 1] ?? '').trim(), line, column };
  }

  fail(code: DiagnosticCode, place: Place, details: Details = {}): never {
    return this.program.reporter.fail(code, place, details);
  }

  /** The expression that is a statement by itself: nobody uses what it yields. */
  unused: Expression | undefined;

  // Emitting

  emit(operation: Operation, type: IrType, args: readonly Value[] = []): Value {
    if (this.exclusive && CALLS.has(operation.op)) this.fail('W506', this.place);
    return this.builder.emit(operation, type, args, this.origin);
  }

  constant(type: IrType, value: bigint): Value {
    const bits = type === 'i32' ? 32 : 64;
    return this.emit({ op: 'const', value: BigInt.asUintN(bits, value) }, type);
  }

  /** A constant of a scalar type, by the number it means. */
  constantOf(type: Scalar, value: bigint): Value {
    const id = this.constant(irType(type), rawValue(type, value));
    this.builder.setKnown(id, { range: exactly(value), seen: exactly(value) });
    return id;
  }

  load(pointer: Pointer, size: AccessSize, type: IrType, at = 0): Value {
    return this.emit({ op: 'load', size, offset: pointer.offset + at }, type, [this.baseOf(pointer)]);
  }

  /** Where the offset of a place counts from: the value, or the member of what it points to. */
  private baseOf({ value, member }: Pointer): Value {
    if (!member) return value;
    const distance = this.emit({ op: 'fieldOffset', ...member }, 'i64');
    return this.emit({ op: 'offsetPointer' }, nonNull(this.builder.typeOf(value)), [value, distance]);
  }

  store(pointer: Pointer, size: AccessSize, value: Value, at = 0): void {
    this.emit({ op: 'store', size, offset: pointer.offset + at }, 'void', [pointer.value, value]);
  }

  /** Memory on the stack for a value of that type, uninitialised. */
  slot<To extends Type>(to: To): Pointer<To> {
    const alignment = to.size >= 8 ? 8 : to.size > 2 ? 4 : to.size;
    const value = this.emit({ op: 'stackSlot', size: to.size, alignment }, 'stack');
    return { kind: 'pointer', to, value, offset: 0 };
  }

  /** Where a pointer points, as one value. */
  addressOf(pointer: Pointer): Value {
    const { offset } = pointer;
    const value = this.baseOf(pointer);
    if (offset === 0) return value;
    return this.emit({ op: 'offsetPointer' }, nonNull(this.builder.typeOf(value)), [
      value,
      this.constant('i64', BigInt(offset)),
    ]);
  }

  mapReference(spec: MapSpec, name: string): Value {
    return this.emit({ op: 'mapReference', map: this.program.mapName(spec, name) }, 'map');
  }

  /**
   * What is known of a value of that type. The verifier knows no types, only the register. A cast between signed and unsigned
   * may leave the value what it is, so what was found out of the one holds for the other only if both mean the same number.
   */
  knownOf(value: Value, type: Scalar): Known {
    const register = fullRange(registerOf(type));
    const known = this.builder.knownOf(value);
    const holds = (range: Range | undefined): range is Range =>
      range !== undefined && contains(register, range);
    const [range, seen] = [known?.range, known?.seen];
    return { range: holds(range) ? range : fullRange(type), seen: holds(seen) ? seen : register };
  }

  /** Whether the verifier knows that a value fits its type. */
  isSeen(value: Value, type: Scalar): boolean {
    return contains(fullRange(type), this.knownOf(value, type).seen);
  }

  /** Notes of a value that came from elsewhere that it fits its type. */
  assume(value: Value, type: Scalar, seen: boolean): void {
    const range = fullRange(type);
    this.builder.setKnown(value, { range, seen: seen ? range : fullRange(registerOf(type)) });
  }

  rangeOf(value: Value, type: Scalar): Range {
    return this.knownOf(value, type).range;
  }
}

/** How many bits values of a type take in a register. */
export const irType = (type: Scalar): Integer => (type.bits === 64 ? 'i64' : 'i32');

/** The type of all that fits the register of a value. */
export function registerOf(type: Scalar): Scalar {
  if (type.bits === 64) return type.signed ? i64 : u64;
  return type.signed ? i32 : u32;
}

/** The bits of a number in a register: those of network order are what a load of the machine sees. */
export function rawValue(type: Scalar, value: bigint): bigint {
  if (type.byteOrder === 'native') return BigInt.asUintN(type.bits === 64 ? 64 : 32, value);
  let swapped = 0n;
  for (let bit = 0n; bit < BigInt(type.bits); bit += 8n) swapped = (swapped << 8n) | ((value >> bit) & 0xffn);
  return swapped;
}

/** Whether two types lay out memory in the same way. */
export function sameType(left: KernelFieldType, right: KernelFieldType): boolean {
  if (left === right) return true;
  if (left.kind === 'kernelStruct' || left.kind === 'kernelPointer') {
    return kernelTypeName(left) === kernelTypeName(right);
  }
  if (right.kind === 'kernelStruct' || right.kind === 'kernelPointer') return false;
  if (left.kind !== right.kind || left.size !== right.size) return false;
  if (left.kind === 'struct') return left.name === (right as Struct).name;
  if (left.kind === 'array' && right.kind === 'array') return sameType(left.element, right.element);
  return kernelTypeName(left) === kernelTypeName(right);
}
