/**
 * The BTF format in numbers: header, kinds, record sizes and bit fields, as the kernel documents them in
 * Documentation/bpf/btf.rst and include/uapi/linux/btf.h. A BTF blob is a header, a type section (records of
 * 32-bit words, numbered from 1 in the order they stand) and a string section (NUL-terminated names that types
 * refer to by offset). All words are in the byte order of the machine that the BTF describes.
 */

import { endianness } from 'node:os';

/** Whether this machine stores the low byte first; BTF for it is read and written in that order. */
export const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

export const BTF_MAGIC = 0xeb9f;
export const BTF_MAGIC_SWAPPED = 0x9feb;
export const BTF_VERSION = 1;

/** Bytes of `struct btf_header`; later kernels may append to it and say so in its `hdr_len`. */
export const HEADER_SIZE = 24;

/** Byte offsets of the fields of `struct btf_header`. Section offsets count from the end of the header. */
export const HEADER = {
  magic: 0,
  version: 2,
  flags: 3,
  headerLength: 4,
  typeOffset: 8,
  typeLength: 12,
  stringOffset: 16,
  stringLength: 20,
} as const;

/** Words of `struct btf_type`, the start of every type record: name offset, info, size or type id. */
export const TYPE_WORDS = 3;

/** Numbers of the kinds, bits 24-28 of the info word (`BTF_KIND_*`). */
export const KIND = {
  void: 0,
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  functionPrototype: 13,
  variable: 14,
  dataSection: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const;

/** The name of a kind of type. */
export type BtfKind = keyof typeof KIND;

/** Names of the kinds by their number. */
export const KIND_NAMES = Object.keys(KIND) as readonly BtfKind[];

/** Words that follow `struct btf_type`, by kind: those every record has, and those of each of its `vlen` entries. */
export const TRAILING_WORDS: readonly { readonly fixed: number; readonly perEntry: number }[] = [
  { fixed: 0, perEntry: 0 }, // void, never a record
  { fixed: 1, perEntry: 0 }, // int
  { fixed: 0, perEntry: 0 }, // pointer
  { fixed: 3, perEntry: 0 }, // array
  { fixed: 0, perEntry: 3 }, // struct
  { fixed: 0, perEntry: 3 }, // union
  { fixed: 0, perEntry: 2 }, // enum
  { fixed: 0, perEntry: 0 }, // forward
  { fixed: 0, perEntry: 0 }, // typedef
  { fixed: 0, perEntry: 0 }, // volatile
  { fixed: 0, perEntry: 0 }, // const
  { fixed: 0, perEntry: 0 }, // restrict
  { fixed: 0, perEntry: 0 }, // function, whose vlen is its linkage
  { fixed: 0, perEntry: 2 }, // functionPrototype
  { fixed: 1, perEntry: 0 }, // variable
  { fixed: 0, perEntry: 3 }, // dataSection
  { fixed: 0, perEntry: 0 }, // float
  { fixed: 1, perEntry: 0 }, // declarationTag
  { fixed: 0, perEntry: 0 }, // typeTag
  { fixed: 0, perEntry: 3 }, // enum64
];

/** Kind number in an info word. */
export const infoKind = (info: number): number => (info >>> 24) & 0x1f;
/** Number of entries (members, parameters …) in an info word. */
export const infoLength = (info: number): number => info & 0xffff;
/** The kind flag of an info word; what it means depends on the kind. */
export const infoFlag = (info: number): boolean => info >>> 31 === 1;
/** The info word of a kind, a number of entries and the kind flag. */
export const makeInfo = (kind: BtfKind, length = 0, flag = false): number =>
  ((flag ? 0x8000_0000 : 0) | (KIND[kind] << 24) | length) >>> 0;

/** Largest number of entries of one record (16 bits of the info word). */
export const MAX_ENTRIES = 0xffff;

/** Encodings of an int, by their number (`BTF_INT_SIGNED`, `_CHAR`, `_BOOL`): at most one bit is set. */
export const INT_ENCODINGS = { unsigned: 0, signed: 1, char: 2, bool: 4 } as const;
/** Names of the encodings of an int by their number. */
export const INT_ENCODING_NAMES: ReadonlyMap<number, IntEncoding> = new Map(
  Object.entries(INT_ENCODINGS).map(([name, number]) => [number, name as IntEncoding]),
);
/** How the value of an int is to be read. */
export type IntEncoding = keyof typeof INT_ENCODINGS;

/** Linkages of functions and variables, by their number. */
export const LINKAGES = ['static', 'global', 'extern'] as const;
/** Who can see a function or a variable. */
export type Linkage = (typeof LINKAGES)[number];

/** Longest name that every kernel loads, without its NUL: `KSYM_NAME_LEN` - 1 before 6.1; later ones take 511. */
export const MAX_NAME_LENGTH = 127;

/** Bytes of `struct bpf_func_info`: instruction offset, type id. */
export const FUNCTION_INFO_SIZE = 8;
/** Bytes of `struct bpf_line_info`: instruction offset, file name, source line, line << 10 | column. */
export const LINE_INFO_SIZE = 16;
/** Largest line and column that a line record holds. */
export const MAX_LINE = 2 ** 22 - 1;
export const MAX_COLUMN = 2 ** 10 - 1;

/** Size of a pointer in bytes: eBPF and every machine waggle runs on have 64-bit pointers. */
export const POINTER_SIZE = 8;
