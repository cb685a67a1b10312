/**
 * The pseudo-C that the kernel's verifier, LLVM and our own disassembler print. Where they differ, all are read: `goto +3`
 * and `goto pc+3`, `(r1 +4)` and `(r1 + 4)`, `atomic64_xchg((u64 *)(r1 +0), r2)` and `xchg_64(r1 + 0, r2)`.
 */
import {
  alu32,
  alu64,
  atomic,
  endian,
  goto,
  gotoLong,
  type Instruction,
  jump,
  jump32,
  load,
  loadAbsolute,
  loadFunction,
  loadImmediate64,
  loadIndirect,
  loadMap,
  loadMapValue,
  loadSigned,
  type RegisterOperand,
  store,
} from './instruction.ts';
import { AtomicOperation, Pseudo, Size } from './opcode.ts';
import { type Cursor, suggestion } from './text-lexer.ts';
import {
  address,
  anyRegister,
  atRegister,
  immediate,
  immediate64,
  jumpTo,
  register,
  registerOrImmediate,
  type Statement,
} from './text-operands.ts';
import { fetchNames, keyOf, lockSigns } from './text-syntax.ts';

const assignments = {
  '=': 'mov',
  '+=': 'add',
  '-=': 'sub',
  '*=': 'mul',
  '/=': 'div',
  's/=': 'signedDiv',
  '%=': 'mod',
  's%=': 'signedMod',
  '|=': 'or',
  '&=': 'and',
  '^=': 'xor',
  '<<=': 'lsh',
  '>>=': 'rsh',
  's>>=': 'arsh',
} as const;

const comparisons = {
  '==': 'equal',
  '!=': 'notEqual',
  '>': 'greater',
  '>=': 'greaterOrEqual',
  '<': 'less',
  '<=': 'lessOrEqual',
  's>': 'signedGreater',
  's>=': 'signedGreaterOrEqual',
  's<': 'signedLess',
  's<=': 'signedLessOrEqual',
  '&': 'bitSet',
} as const;

const byteOrders = { be: endian.toBig, le: endian.toLittle, bswap: endian.swap } as const;

/** Reads a statement of pseudo-C; undefined when the line begins like none. */
export function parsePseudoC(cursor: Cursor): Statement | undefined {
  if (cursor.accept('if')) return conditional(cursor);
  if (cursor.accept('goto')) return jumpTo(cursor, goto);
  if (cursor.accept('gotol')) return jumpTo(cursor, gotoLong);
  if (cursor.peek().text === '*') return { instruction: memoryStore(cursor) };
  if (cursor.peek().text === 'lock' && cursor.peek(1).text === '*') {
    cursor.next();
    return { instruction: locked(cursor) };
  }
  return atRegister(cursor) ? assignment(cursor) : undefined;
}

function conditional(cursor: Cursor): Statement {
  const { operand: left, narrow } = anyRegister(cursor);
  const token = cursor.next();
  const comparison = entry(comparisons, token.text);
  if (!comparison) throw cursor.error(`${JSON.stringify(token.text)} compares nothing`, undefined, token);
  const right = registerOrImmediate(cursor);
  cursor.expect('goto');
  return jumpTo(cursor, (label) => (narrow ? jump32 : jump)[comparison](left, right, label));
}

function assignment(cursor: Cursor): Statement {
  const { operand: destination, narrow } = anyRegister(cursor);
  const token = cursor.next();
  const operation = entry(assignments, token.text);
  if (!operation) throw cursor.error(`${JSON.stringify(token.text)} assigns nothing`, undefined, token);
  const family = narrow ? alu32 : alu64;
  if (operation !== 'mov')
    return { instruction: family[operation](destination, registerOrImmediate(cursor)) };
  const { kind, text } = cursor.peek();
  if (atRegister(cursor)) return { instruction: family.mov(destination, register(cursor)) };
  if (text === '-' && cursor.peek(1).kind === 'word') {
    cursor.next();
    sameRegister(cursor, destination);
    return { instruction: family.neg(destination) };
  }
  if (text === '(') return { instruction: signExtension(cursor, destination, narrow) };
  if (text === '*') return { instruction: memoryLoad(cursor, destination) };
  if (text === 'subprog') return functionAddress(cursor, destination);
  if (kind === 'word') return { instruction: named(cursor, destination) };
  return { instruction: constant(cursor, destination, narrow) };
}

/** A number, or with `ll` after it a wide load. */
function constant(cursor: Cursor, destination: RegisterOperand, narrow: boolean): Instruction {
  const token = cursor.peek();
  const value = immediate64(cursor);
  if (cursor.accept('ll')) return loadImmediate64(destination, value);
  if (value < -0x8000_0000n || value > 0xffff_ffffn) {
    throw cursor.error(`${value} does not fit an immediate of 32 bits`, 'Write "ll" after it', token);
  }
  return (narrow ? alu32 : alu64).mov(destination, Number(value));
}

/** `(s8)r2` */
function signExtension(cursor: Cursor, destination: RegisterOperand, narrow: boolean): Instruction {
  cursor.expect('(');
  const token = cursor.peek();
  const bits = { s8: 8, s16: 16, s32: 32 }[cursor.word('s8, s16 or s32')];
  if (bits !== 8 && bits !== 16 && bits !== 32)
    throw cursor.error('only s8, s16 and s32 are extended', undefined, token);
  cursor.expect(')');
  return (narrow ? alu32 : alu64).movSigned(bits, destination, register(cursor));
}

/** `be16 r1`, `map[name] ll`, `btf[5] ll`, or an atomic operation that fetches. */
function named(cursor: Cursor, destination: RegisterOperand): Instruction {
  const token = cursor.peek();
  const word = cursor.word('an operand');
  const [, order = '', width] = /^(be|le|bswap)(16|32|64)$/.exec(word) ?? [];
  const swap = entry(byteOrders, order);
  if (swap) {
    sameRegister(cursor, destination);
    return swap(width === '16' ? 16 : width === '32' ? 32 : 64, destination);
  }
  if (word === 'map') return mapReference(cursor, destination);
  if (word === 'btf') {
    cursor.expect('[');
    const id = immediate64(cursor);
    cursor.expect(']', 'll');
    return { ...loadImmediate64(destination, id), source: Pseudo.btfId };
  }
  const [, exchange, bits] = /^(xchg|cmpxchg)(?:32)?_(32|64)$/.exec(word) ?? [];
  if (exchange !== undefined) return llvmExchange(cursor, exchange, bits === '32' ? 'u32' : 'u64');
  const [, fetch = ''] = /^atomic(?:64)?_(\w+)$/.exec(word) ?? [];
  const operation = entry(fetchNames, fetch);
  if (operation === undefined)
    throw cursor.error(`${JSON.stringify(word)} is no operand`, suggestion(word, WORDS), token);
  cursor.expect('(');
  const { size, base, offset } = typedAddress(cursor);
  cursor.expect(',');
  return fetching(cursor, operation, size, base, offset);
}

const WORDS = [
  ...Object.keys(byteOrders).flatMap((order) => [16, 32, 64].map((bits) => order + bits)),
  ...Object.keys(fetchNames).flatMap((name) => [`atomic_${name}`, `atomic64_${name}`]),
];

/** `xchg_64(r1 + 0, r7)` and `cmpxchg_64(r1 + 0, r0, r3)`, as LLVM prints them. */
function llvmExchange(cursor: Cursor, name: string, size: 'u32' | 'u64'): Instruction {
  cursor.expect('(');
  const { base, offset } = address(cursor);
  cursor.expect(',');
  return fetching(cursor, name === 'xchg' ? fetchNames.xchg : fetchNames.cmpxchg, size, base, offset);
}

/** The rest of an atomic operation that fetches: r0 is compared with, and named where it is. */
function fetching(
  cursor: Cursor,
  code: number,
  size: Size,
  base: RegisterOperand,
  offset: number,
): Instruction {
  const operation = keyOf(AtomicOperation, code);
  if (operation === 'compareExchange') {
    register(cursor);
    cursor.expect(',');
  }
  const value = register(cursor);
  cursor.expect(')');
  if (!operation || (size !== 'u32' && size !== 'u64'))
    throw cursor.error('atomic operations have 32 or 64 bits');
  return atomic(operation, size, base, offset, value);
}

/** `map[name] ll`, `map[name][0]+8 ll`; or a map by descriptor, `map[fd:3]`, or index, `map[index:0]`. */
function mapReference(cursor: Cursor, destination: RegisterOperand): Instruction {
  cursor.expect('[');
  const name = cursor.word('the name of a map');
  const number = cursor.accept(':') ? immediate64(cursor) : undefined;
  cursor.expect(']');
  let valueOffset: number | undefined;
  if (cursor.accept('[')) {
    cursor.expect('0', ']');
    valueOffset = immediate(cursor);
  }
  cursor.expect('ll');
  if (number === undefined) {
    return valueOffset === undefined
      ? loadMap(destination, name)
      : loadMapValue(destination, name, valueOffset);
  }
  const pseudo =
    name === 'index'
      ? [Pseudo.mapIndex, Pseudo.mapIndexValue]
      : name === 'fd'
        ? [Pseudo.mapFd, Pseudo.mapValue]
        : [];
  const source = pseudo[valueOffset === undefined ? 0 : 1];
  if (source === undefined) throw cursor.error(`a map is named by fd or index, not by ${name}`);
  const wide = (BigInt(valueOffset ?? 0) << 32n) | BigInt.asUintN(32, number);
  return { ...loadImmediate64(destination, wide), source };
}

/** `subprog[name] ll` */
function functionAddress(cursor: Cursor, destination: RegisterOperand): Statement {
  cursor.expect('subprog', '[');
  const statement = jumpTo(cursor, (label) => loadFunction(destination, label));
  cursor.expect(']', 'll');
  return statement;
}

/** `*(u32 *)(r1 +4)`, `*(s8 *)(r1 +0)`, `*(u16 *)skb[12]` */
function memoryLoad(cursor: Cursor, destination: RegisterOperand): Instruction {
  cursor.expect('*', '(');
  const { size, isSigned } = typeName(cursor);
  cursor.expect('*', ')');
  if (cursor.accept('skb')) return packetLoad(cursor, size);
  const { base, offset } = parenthesized(cursor);
  if (!isSigned) return load(size, destination, base, offset);
  if (size === 'u64') throw cursor.error('loads of 64 bits have no sign to extend', 'Write u64');
  return loadSigned(size, destination, base, offset);
}

function packetLoad(cursor: Cursor, size: Size): Instruction {
  if (size === 'u64') throw cursor.error('packets are read by 8, 16 or 32 bits');
  cursor.expect('[');
  const index = atRegister(cursor) ? register(cursor) : undefined;
  const offset = index && !cursor.atInteger() ? 0 : immediate(cursor);
  cursor.expect(']');
  return index ? loadIndirect(size, index, offset) : loadAbsolute(size, offset);
}

function memoryStore(cursor: Cursor): Instruction {
  cursor.expect('*');
  const { size, base, offset } = typedAddress(cursor);
  cursor.expect('=');
  return store(size, base, offset, registerOrImmediate(cursor));
}

function locked(cursor: Cursor): Instruction {
  cursor.expect('*');
  const { size, base, offset } = typedAddress(cursor);
  const token = cursor.next();
  const code = entry(lockSigns, token.text);
  const operation = code === undefined ? undefined : keyOf(AtomicOperation, code);
  if (!operation || (size !== 'u32' && size !== 'u64')) {
    throw cursor.error('atomic operations are +=, |=, &= and ^= on u32 or u64', undefined, token);
  }
  return atomic(operation, size, base, offset, register(cursor));
}

/** `(u32 *)(r1 +4)` */
function typedAddress(cursor: Cursor): { size: Size; base: RegisterOperand; offset: number } {
  cursor.expect('(');
  const { size } = typeName(cursor);
  cursor.expect('*', ')');
  return { size, ...parenthesized(cursor) };
}

function parenthesized(cursor: Cursor): { base: RegisterOperand; offset: number } {
  cursor.expect('(');
  const place = address(cursor);
  cursor.expect(')');
  return place;
}

function typeName(cursor: Cursor): { size: Size; isSigned: boolean } {
  const token = cursor.peek();
  const word = cursor.word('a type');
  const name = word.replace(/^s/, 'u');
  const size = (Object.keys(Size) as Size[]).find((each) => each === name);
  if (!size) throw cursor.error(`there is no type "${word}"`, 'Use u8, u16, u32 or u64', token);
  return { size, isSigned: word.startsWith('s') };
}

/** The operand of an instruction that works in place. */
function sameRegister(cursor: Cursor, destination: RegisterOperand): void {
  const token = cursor.peek();
  if (register(cursor) !== destination) {
    throw cursor.error(`works in place: both registers must be r${destination.register}`, undefined, token);
  }
}

const entry = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
