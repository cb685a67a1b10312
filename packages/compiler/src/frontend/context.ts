/**
 * The context of a program: its fields, the packet behind it, the arguments of a traced function. The tables of
 * `@waggle/bpf` say which fields there are and which can be assigned.
 */
import { isType, programContexts, type Struct, typeName, u32, u64 } from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { argumentAs, argumentPointer, needsGpl } from './kernel-structs.ts';
import { irType, type Lowering } from './lowering.ts';
import { fieldOf, lookedUp, read, zeroedSlot } from './memory.ts';
import { unknownWord } from './names.ts';
import { describeOperand, type Operand, type Pointer, type ScalarOperand } from './operand.ts';
import { packetCopy } from './packet-copies.ts';
import { cast, scalarOf } from './scalars.ts';
import { typeArgument, typeOrKernelStruct } from './static-arguments.ts';
import type { Call, Member } from './syntax.ts';

export type ContextOperand = Extract<Operand, { kind: 'context' }>;
/** Which field, and where the program says so. */
type FieldName = Pick<Member, 'name' | 'place'>;

/** The types of programs whose arguments are 64 bit words at the start of the context. */
const WITH_ARGUMENTS: ReadonlySet<string> = new Set([
  'rawTracepoint',
  'btfTracepoint',
  'fentry',
  'fexit',
  'lsm',
  'structOps',
]);
/** The types of programs whose context is the registers at the entry or return of a function. */
const PROBES: ReadonlySet<string> = new Set(['kprobe', 'uprobe']);
const RETURN_PROBES: ReadonlySet<string> = new Set(['kretprobe', 'uretprobe']);
/** The types of programs whose context is memory that they lay out themselves. */
const WITH_MEMORY: ReadonlySet<string> = new Set([
  'tracepoint',
  'perfEvent',
  'iterator',
  'syscall',
  'netfilter',
]);
/** The farthest that the verifier lets a variable offset into a packet go. */
const FARTHEST = 0xffffn;

/** `context.name`, read. */
export function contextMember(f: Lowering, context: ContextOperand, node: FieldName): Operand {
  const rule = programContexts[f.program.type];
  if (node.name === 'length' && rule?.packet) return packetLength(f, context);
  if (node.name === 'returnValue') {
    if (RETURN_PROBES.has(f.program.type)) return scalarOf(u64, register(f, context, 'result', 'i64'));
    if (f.program.type === 'fexit') return returned(f, context);
  }
  return read(f, visibleField(f, context, node));
}

/** `context.name`, to be assigned. */
export function contextPlace(f: Lowering, context: ContextOperand, node: FieldName): Pointer {
  const rule = programContexts[f.program.type];
  if (!rule?.writable.includes(node.name)) f.fail('W310', node.place, { what: `context.${node.name}` });
  return visibleField(f, context, node);
}

function visibleField(f: Lowering, context: ContextOperand, node: FieldName): Pointer {
  const rule = programContexts[f.program.type];
  if (!rule) {
    return f.fail('W502', node.place, { what: `context.${node.name}`, program: f.program.type, hint: '' });
  }
  const layout: Struct = rule.layout;
  const visible = layout.fields.map(({ name }) => name).filter((name) => !rule.hidden.includes(name));
  if (!visible.includes(node.name)) {
    f.fail('W216', node.place, {
      type: 'The context',
      field: node.name,
      hint: unknownWord(node.name, visible, 'fields'),
    });
  }
  const whole: Pointer = { kind: 'pointer', to: layout, value: context.value, offset: 0 };
  return fieldOf(f, whole, node.name, node.place);
}

function packetLength(f: Lowering, { value }: ContextOperand): Operand {
  if (programContexts[f.program.type]?.packet === 'length') {
    const layout = programContexts[f.program.type]?.layout;
    const offset = layout?.fields.find(({ name }) => name === 'length')?.offset ?? 0;
    return scalarOf(u32, f.emit({ op: 'load', size: 4, offset }, 'i32', [value]));
  }
  const start = f.emit({ op: 'packetBound', bound: 'data' }, 'packet', [value]);
  const end = f.emit({ op: 'packetBound', bound: 'end' }, 'packetEnd', [value]);
  const length = f.emit({ op: 'sub' }, 'i64', [end, start]);
  return scalarOf(u32, f.emit({ op: 'truncate' }, 'i32', [length]));
}

/** `context.method(…)`. */
export function contextCall(f: Lowering, context: ContextOperand, node: Call, method: string): Operand {
  const { type } = f.program;
  const rule = programContexts[type];
  if (method === 'at' && rule?.packet) return packetAt(f, context, node);
  const copied = packetCopy(f, context.value, node, method);
  if (copied) return copied;
  if (method === 'argument' && (WITH_ARGUMENTS.has(type) || PROBES.has(type))) {
    return argument(f, context, node);
  }
  if (method === 'field' && WITH_MEMORY.has(type)) {
    const to = typeOrKernelStruct(f, node, 0);
    if (!isType(to)) {
      needsGpl(f, node.place, 'reads structs of the kernel');
      return { kind: 'pointer', to, value: context.value, offset: 0 };
    }
    const offset = constantArgument(f, node, 1);
    return read(f, { kind: 'pointer', to, value: context.value, offset });
  }
  return f.fail('W502', node.place, { what: `context.${method}()`, program: type, hint: '' });
}

function packetAt(f: Lowering, { value }: ContextOperand, node: Call): Operand {
  f.program.checkArguments(node, 'at', 2);
  const to = typeArgument(f, node, 0);
  const [, offsetNode = node] = node.args;
  const offset = expression(f, offsetNode);
  const size = to.size;
  if (offset.kind === 'literal' && offset.of === 'number') {
    if (offset.value < 0n || offset.value + BigInt(size) > FARTHEST) {
      f.fail('W309', offsetNode.place, { maximum: offset.value });
    }
    const operation = { op: 'packetAt', offset: Number(offset.value), size } as const;
    return lookedUp(f, to, f.emit(operation, 'packet?', [value]));
  }
  if (offset.kind !== 'scalar' || offset.type.signed || offset.type.byteOrder === 'network') {
    return f.fail('W201', offsetNode.place, { expected: 'u32', got: describeOperand(offset), cast: 'u32' });
  }
  const { range, seen } = f.knownOf(offset.value, offset.type);
  if (range.maximum > FARTHEST) f.fail('W309', offsetNode.place, { maximum: range.maximum });
  const found = (near: ScalarOperand) => {
    const wide = cast(f, near, u64, offsetNode.place);
    const variable = wide.kind === 'scalar' ? wide.value : value;
    return f.emit({ op: 'packetAt', offset: 0, size }, 'packet?', [value, variable]);
  };
  const last = FARTHEST - BigInt(size);
  return lookedUp(f, to, seen.maximum <= last ? found(offset) : foundUpTo(f, offset, last, found));
}

/**
 * Null beyond the farthest place. The verifier does not know what only types say, such as that of a variable which a loop carries
 * on, and it counts the bytes of what is looked at too.
 */
function foundUpTo(
  f: Lowering,
  offset: ScalarOperand,
  last: bigint,
  found: (near: ScalarOperand) => Value,
): Value {
  const { builder, origin } = f;
  const [near, far, end] = [builder.block(), builder.block(), builder.block()];
  const pointer = builder.param(end, 'packet?');
  const bound = f.constant(irType(offset.type), last);
  const known = { range: { minimum: 0n, maximum: last }, seen: { minimum: 0n, maximum: last } };
  builder.branch(
    'lessOrEqual',
    offset.value,
    bound,
    { block: near, facts: [[offset.value, { known }]] },
    { block: far, facts: [] },
    origin,
  );
  builder.enter(near);
  builder.jump(end, origin, [found(offset)]);
  builder.enter(far);
  builder.jump(end, origin, [f.emit({ op: 'const', value: 0n }, 'packet?')]);
  builder.enter(end);
  return pointer;
}

function argument(f: Lowering, context: ContextOperand, node: Call): Operand {
  const index = constantArgument(f, node, 0);
  const load = (type: IrType): Value =>
    PROBES.has(f.program.type)
      ? register(f, context, index, type)
      : f.emit({ op: 'load', size: 8, offset: index * u64.size }, type, [context.value]);
  const [, typeNode] = node.args;
  if (!typeNode) return scalarOf(u64, load('i64'));
  const type = typeOrKernelStruct(f, node, 1);
  if (type.kind === 'scalar') return argumentAs(f, type, scalarOf(u64, load('i64')), node.place);
  if (type.kind !== 'kernelStruct') {
    return f.fail('W201', typeNode.place, {
      expected: 'a scalar or a struct of the kernel',
      got: typeName(type),
      cast: 'kernelStruct',
    });
  }
  const pointer = load(argumentPointer(f, typeNode.place));
  return { kind: 'pointer', to: type, value: pointer, offset: 0 };
}

/** What a register held when the probe was hit. */
function register(f: Lowering, { value }: ContextOperand, holds: number | 'result', type: IrType): Value {
  const offset = f.emit({ op: 'registerOffset', holds }, 'i64');
  const place = f.emit({ op: 'offsetPointer' }, 'context', [value, offset]);
  return f.emit({ op: 'load', size: 8, offset: 0 }, type, [place]);
}

/** What the function of an fexit program has returned: a helper knows where it is. */
function returned(f: Lowering, { value }: ContextOperand): Operand {
  const slot = zeroedSlot(f, u64);
  f.emit({ op: 'callHelper', helper: Helper.getFuncRet }, 'void', [value, slot.value]);
  return read(f, slot);
}

/** An argument that is a number known now. */
export function constantArgument(f: Lowering, node: Call, index: number): number {
  const given = node.args[index];
  const operand = given && expression(f, given);
  if (operand?.kind === 'literal' && operand.of === 'number') return Number(operand.value);
  return f.fail('W504', given?.place ?? node.place, { what: 'This number' });
}
