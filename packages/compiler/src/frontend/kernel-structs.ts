/**
 * Structs of the kernel: their fields, by the offsets that the running kernel has; the pointers in them; and how programs come by
 * the first one. A pointer whose type the verifier knows (`kernel`) is read directly, any other (`address`) by a helper that
 * copies to the stack.
 */
import {
  bool,
  type KernelFieldType,
  type KernelStruct,
  kernelTypeName,
  type Scalar,
  type Type,
  u8,
  u16,
  u32,
  u64,
} from '@waggle/bpf';
import { Helper } from '../backend/helper.ts';
import type { IrType } from '../ir/type.ts';
import { spaceOf } from '../ir/type.ts';
import { expression } from './expressions.ts';
import { irType, type Lowering } from './lowering.ts';
import { unknownWord } from './names.ts';
import type { KernelMember, Operand, Pointer } from './operand.ts';
import { cast, convert, isNonZero, scalarOf } from './scalars.ts';
import { fieldArgument, kernelStructArgument } from './static-arguments.ts';
import type { Call, Place } from './syntax.ts';

/** The types of programs in which the verifier knows the types of what the context points to. */
const TYPED_CONTEXT: ReadonlySet<string> = new Set([
  'btfTracepoint',
  'fentry',
  'fexit',
  'lsm',
  'structOps',
  'iterator',
  'netfilter',
]);

/** What the kernel takes for compatible with the GPL: license_is_gpl_compatible() in include/linux/license.h. */
const GPL: ReadonlySet<string> = new Set([
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]);

/** Refuses what the kernel does for programs under the GPL only. */
export function needsGpl(f: Lowering, place: Place, what: string): void {
  if (!GPL.has(f.program.license ?? '')) f.fail('W509', place, { what });
}

/** The place of a field of a kernel struct. */
export function kernelStructField(
  f: Lowering,
  pointer: Pointer<KernelStruct>,
  name: string,
  place: Place,
): Pointer {
  const { to, member } = pointer;
  const field = to.fields.find((candidate) => candidate.name === name);
  if (!field) {
    const names = to.fields.map((candidate) => candidate.name);
    return f.fail('W216', place, {
      type: kernelTypeName(to),
      field: name,
      hint: unknownWord(name, names, 'fields'),
    });
  }
  const path = member ? `${member.path}.${name}` : name;
  return { ...pointer, to: field.type, member: memberOf(member?.struct ?? to.name, path, field.type) };
}

function memberOf(struct: string, path: string, type: KernelFieldType): KernelMember {
  switch (type.kind) {
    // The size of a struct is no matter of those who read its fields.
    case 'kernelStruct':
      return { struct, path };
    case 'kernelPointer':
      return { struct, path, size: 8 };
    case 'scalar':
      if (type.byteOrder === 'native') return { struct, path, size: type.size, narrow: true };
      return { struct, path, size: type.size };
    default:
      return { struct, path, size: type.size };
  }
}

/** The struct that a field points to, or null. */
export function followed(f: Lowering, place: Pointer, to: KernelStruct): Operand {
  const space = spaceOf(f.builder.typeOf(place.value));
  const typed = space === 'kernel' || (space === 'context' && TYPED_CONTEXT.has(f.program.type));
  return { kind: 'pointer', to, value: f.load(place, 8, typed ? 'kernel?' : 'address?'), offset: 0 };
}

/** A copy on the stack of what is in the kernel. */
export function copied<To extends Type>(f: Lowering, source: Pointer<To>): Pointer<To> {
  const slot = f.slot(source.to);
  const size = f.constant('i32', BigInt(source.to.size));
  const operation = { op: 'callHelper', helper: Helper.probeReadKernel } as const;
  f.emit(operation, 'void', [slot.value, size, f.addressOf(source)]);
  return slot;
}

/** Whether a pointer leads to memory of the kernel that only the helper can read. */
export const isAddress = (f: Lowering, { value }: Pointer): boolean =>
  spaceOf(f.builder.typeOf(value)) === 'address';

/** 64 bits of an argument as what the program says that they are. */
export function argumentAs(f: Lowering, type: Scalar, raw: Operand, place: Place): Operand {
  if (type === bool) {
    const low = cast(f, raw, u8, place);
    return low.kind === 'scalar' ? scalarOf(bool, isNonZero(f, low)) : low;
  }
  if (type.byteOrder === 'native') return cast(f, raw, type, place);
  // The bytes are in network order already.
  const bits = cast(f, raw, type.bits === 16 ? u16 : type.bits === 32 ? u32 : u64, place);
  return bits.kind === 'scalar' ? scalarOf(type, bits.value) : bits;
}

/** The type in the IR of a pointer that is an argument of the traced function. */
export function argumentPointer(f: Lowering, place: Place): IrType {
  if (f.program.type === 'uprobe') {
    f.fail('W502', place, { what: 'A struct of the kernel', program: f.program.type, hint: '' });
  }
  needsGpl(f, place, 'reads structs of the kernel');
  return TYPED_CONTEXT.has(f.program.type) ? 'kernel?' : 'address?';
}

/** `kernelAt(type, address)`. */
export function kernelAtCall(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'kernelAt', 2);
  needsGpl(f, node.place, 'reads structs of the kernel');
  const to = kernelStructArgument(f, node, 0);
  const [, given = node] = node.args;
  const number = convert(f, expression(f, given), u64, given.place);
  // A number becomes a pointer by way of the stack: there is no other in the IR.
  const slot = f.slot(u64);
  f.store(slot, 8, number);
  return { kind: 'pointer', to, value: f.load(slot, 8, 'address?'), offset: 0 };
}

/** `currentTask(type)`. */
export function currentTaskCall(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'currentTask', 1);
  needsGpl(f, node.place, 'reads structs of the kernel');
  const to = kernelStructArgument(f, node, 0);
  if (to.name !== 'task_struct') {
    f.fail('W201', node.place, {
      expected: 'struct task_struct',
      got: kernelTypeName(to),
      cast: 'kernelStruct',
    });
  }
  const value = f.emit({ op: 'callHelper', helper: Helper.getCurrentTaskBtf }, 'kernel');
  return { kind: 'pointer', to, value, offset: 0 };
}

/** `fieldExists(type, 'field')`. */
export function fieldExistsCall(f: Lowering, node: Call): Operand {
  f.program.checkArguments(node, 'fieldExists', 2);
  const to = kernelStructArgument(f, node, 0);
  const { name, place } = fieldArgument(f, node, 1);
  if (!to.fields.some((field) => field.name === name)) {
    const names = to.fields.map((field) => field.name);
    f.fail('W216', place, {
      type: kernelTypeName(to),
      field: name,
      hint: unknownWord(name, names, 'fields'),
    });
  }
  return scalarOf(bool, f.emit({ op: 'fieldExists', struct: to.name, path: name }, irType(bool)));
}
