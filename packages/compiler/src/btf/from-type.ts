/**
 * From a type declared with @waggle/bpf to BTF. Scalars become the typedefs that the kernel's own headers use, so that
 * tools print a struct as a C programmer would have written it, and so that network byte order stays visible.
 */

import type { KernelMemory, Scalar, ScalarName, Type } from '@waggle/bpf';
import type { BtfBuilder } from './builder.ts';

/** Name in C, and the typedef of include/uapi/linux/types.h above it. */
interface ScalarNames {
  readonly int: string;
  readonly typedefs: readonly string[];
}

const SCALARS: Record<Exclude<ScalarName, 'bool'>, ScalarNames> = {
  u8: { int: 'unsigned char', typedefs: ['__u8'] },
  u16: { int: 'unsigned short', typedefs: ['__u16'] },
  u32: { int: 'unsigned int', typedefs: ['__u32'] },
  u64: { int: 'unsigned long long', typedefs: ['__u64'] },
  i8: { int: 'signed char', typedefs: ['__s8'] },
  i16: { int: 'short', typedefs: ['__s16'] },
  i32: { int: 'int', typedefs: ['__s32'] },
  i64: { int: 'long long', typedefs: ['__s64'] },
  be16: { int: 'unsigned short', typedefs: ['__u16', '__be16'] },
  be32: { int: 'unsigned int', typedefs: ['__u32', '__be32'] },
  be64: { int: 'unsigned long long', typedefs: ['__u64', '__be64'] },
};

/** Adds a declared type to a builder, with all that it consists of, and returns its id. */
export function fromType(builder: BtfBuilder, type: Type): number {
  switch (type.kind) {
    case 'scalar':
      return fromScalar(builder, type);
    case 'array':
      return builder.array(fromType(builder, type.element), type.length);
    case 'bytes':
      return builder.array(builder.typedef('__u8', builder.int('unsigned char', 1)), type.length);
    case 'chars':
      return builder.array(builder.int('char', 1, 'char'), type.length);
    case 'struct': {
      const members = [...type.fields, ...type.kernelFields]
        .sort((left, right) => left.offset - right.offset)
        .map((field) => ({
          name: field.name,
          typeId:
            field.type.kind === 'kernel' ? fromKernel(builder, field.type) : fromType(builder, field.type),
          byteOffset: field.offset,
        }));
      return builder.struct(type.name, type.size, members);
    }
  }
}

function fromScalar(builder: BtfBuilder, { name, size, signed }: Scalar): number {
  if (name === 'bool') return builder.int('_Bool', size, 'bool');
  const { int, typedefs } = SCALARS[name];
  let id = builder.int(int, size, signed ? 'signed' : 'unsigned');
  for (const typedef of typedefs) id = builder.typedef(typedef, id);
  return id;
}

/** The kernel knows these by the name and the size of the struct; what is in it is its own affair. */
function fromKernel(builder: BtfBuilder, { name, size, alignment }: KernelMemory): number {
  const word =
    alignment === 8
      ? builder.typedef('__u64', builder.int('unsigned long long', 8))
      : builder.typedef('__u32', builder.int('unsigned int', 4));
  const typeId = size === alignment ? word : builder.array(word, size / alignment);
  return builder.struct(name, size, [{ name: 'opaque', typeId, byteOffset: 0 }]);
}
