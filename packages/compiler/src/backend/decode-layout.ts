/**
 * Which fields each opcode uses, as a table over all 256 opcodes. RFC 9669 reserves every field that an instruction has
 * no use for, and the kernel refuses programs in which one of them is not zero; this table is how the decoder knows.
 */
import {
  AluOperation,
  AtomicOperation,
  CallKind,
  Class,
  JumpOperation,
  Mode,
  Pseudo,
  Size,
  Source,
} from './opcode.ts';

/** What a field may hold: nothing, a register's number, any number, or one of a few. */
export type Field = 'zero' | 'register' | 'any' | readonly number[];

/** The four fields beside the opcode. */
export interface Layout {
  readonly destination: Field;
  readonly source: Field;
  readonly offset: Field;
  readonly immediate: Field;
}

const { immediate: K, register: X } = Source;
const WORDS = [Size.u32, Size.u64];
const NARROW = [Size.u8, Size.u16, Size.u32];
const SIZES = Object.values(Size);
const BYTE_ORDER_BITS = [16, 32, 64];
/** 1 makes a division or remainder signed. */
const SIGNS = [0, 1];
const LAST_REGISTER = 10;

const layout = (destination: Field, source: Field, offset: Field, immediate: Field): Layout =>
  Object.freeze({ destination, source, offset, immediate });

/** The table, by opcode; opcodes without an instruction are missing. */
const layouts = new Map<number, Layout>();

for (const kind of [Class.alu, Class.alu64]) {
  const { neg, end, mov, div, mod, ...others } = AluOperation;
  for (const operation of Object.values(others)) {
    layouts.set(kind | operation | K, layout('register', 'zero', 'zero', 'any'));
    layouts.set(kind | operation | X, layout('register', 'register', 'zero', 'zero'));
  }
  for (const operation of [div, mod]) {
    layouts.set(kind | operation | K, layout('register', 'zero', SIGNS, 'any'));
    layouts.set(kind | operation | X, layout('register', 'register', SIGNS, 'zero'));
  }
  const signExtensions = kind === Class.alu64 ? [0, 8, 16, 32] : [0, 8, 16];
  layouts.set(kind | mov | K, layout('register', 'zero', 'zero', 'any'));
  layouts.set(kind | mov | X, layout('register', 'register', signExtensions, 'zero'));
  layouts.set(kind | neg | K, layout('register', 'zero', 'zero', 'zero'));
  layouts.set(kind | end | K, layout('register', 'zero', 'zero', BYTE_ORDER_BITS));
}
layouts.set(Class.alu | AluOperation.end | X, layout('register', 'zero', 'zero', BYTE_ORDER_BITS));

for (const kind of [Class.jmp, Class.jmp32]) {
  const { always, call, exit, ...conditions } = JumpOperation;
  for (const operation of Object.values(conditions)) {
    layouts.set(kind | operation | K, layout('register', 'zero', 'any', 'any'));
    layouts.set(kind | operation | X, layout('register', 'register', 'any', 'zero'));
  }
}
layouts.set(Class.jmp | JumpOperation.always, layout('zero', 'zero', 'any', 'zero'));
layouts.set(Class.jmp32 | JumpOperation.always, layout('zero', 'zero', 'zero', 'any'));
layouts.set(Class.jmp | JumpOperation.call, layout('zero', Object.values(CallKind), 'zero', 'any'));
layouts.set(Class.jmp | JumpOperation.exit, layout('zero', 'zero', 'zero', 'zero'));

for (const size of SIZES) {
  layouts.set(Class.ldx | Mode.memory | size, layout('register', 'register', 'any', 'zero'));
  layouts.set(Class.st | Mode.memory | size, layout('register', 'zero', 'any', 'any'));
  layouts.set(Class.stx | Mode.memory | size, layout('register', 'register', 'any', 'zero'));
}
for (const size of NARROW) {
  layouts.set(Class.ldx | Mode.memorySigned | size, layout('register', 'register', 'any', 'zero'));
  layouts.set(Class.ld | Mode.absolute | size, layout('zero', 'zero', 'zero', 'any'));
  layouts.set(Class.ld | Mode.indirect | size, layout('zero', 'register', 'zero', 'any'));
}
for (const size of WORDS) {
  const operations = Object.values(AtomicOperation);
  layouts.set(Class.stx | Mode.atomic | size, layout('register', 'register', 'any', operations));
}
layouts.set(Class.ld | Mode.immediate | Size.u64, layout('register', Object.values(Pseudo), 'zero', 'any'));

/** The fields of an opcode, or undefined when there is no such instruction. */
export const layoutOf = (opcode: number): Layout | undefined => layouts.get(opcode);

/** Whether a field may hold this value. */
export function admits(field: Field, value: number): boolean {
  if (field === 'any') return true;
  if (field === 'zero') return value === 0;
  return field === 'register' ? value <= LAST_REGISTER : field.includes(value);
}
