/**
 * The syntax of ubpf, rbpf and the bpf_conformance suite: a mnemonic and its operands, the destination first.
 *
 *     ldxw %r2, [%r1+4]
 *     jsgt32 %r2, 100, done
 *     lock fetch add [%r10-8], %r2
 */
import {
  alu32,
  alu64,
  atomic,
  endian,
  exit,
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
import type { AtomicOperation, Size } from './opcode.ts';
import { type Cursor, suggestion } from './text-lexer.ts';
import {
  address,
  callStatement,
  immediate,
  immediate64,
  jumpTo,
  register,
  registerOrImmediate,
  type Statement,
} from './text-operands.ts';

type Parse = (cursor: Cursor) => Statement;

const mnemonics = new Map<string, Parse>();

/** A mnemonic of which the whole statement is one instruction without a target. */
const define = (name: string, parse: (cursor: Cursor) => Instruction) =>
  mnemonics.set(name, (cursor) => ({ instruction: parse(cursor) }));

const arithmetic = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  div: 'div',
  sdiv: 'signedDiv',
  mod: 'mod',
  smod: 'signedMod',
  or: 'or',
  and: 'and',
  lsh: 'lsh',
  rsh: 'rsh',
  arsh: 'arsh',
  xor: 'xor',
  mov: 'mov',
} as const;

for (const [suffixes, family] of [
  [['', '64'], alu64],
  [['32'], alu32],
] as const) {
  for (const suffix of suffixes) {
    for (const [name, operation] of Object.entries(arithmetic)) {
      define(name + suffix, (cursor) => {
        const destination = register(cursor);
        cursor.expect(',');
        return family[operation](destination, registerOrImmediate(cursor));
      });
    }
    define(`neg${suffix}`, (cursor) => family.neg(register(cursor)));
  }
}
for (const [bits, width, family] of [
  [8, '32', alu32],
  [16, '32', alu32],
  [8, '64', alu64],
  [16, '64', alu64],
  [32, '64', alu64],
] as const) {
  define(`movsx${bits}${width}`, (cursor) => {
    const destination = register(cursor);
    cursor.expect(',');
    return family.movSigned(bits, destination, register(cursor));
  });
}
for (const bits of [16, 32, 64] as const) {
  define(`le${bits}`, (cursor) => endian.toLittle(bits, register(cursor)));
  define(`be${bits}`, (cursor) => endian.toBig(bits, register(cursor)));
  for (const name of ['swap', 'bswap']) {
    define(name + bits, (cursor) => endian.swap(bits, register(cursor)));
  }
}

const conditions = {
  jeq: 'equal',
  jne: 'notEqual',
  jgt: 'greater',
  jge: 'greaterOrEqual',
  jlt: 'less',
  jle: 'lessOrEqual',
  jsgt: 'signedGreater',
  jsge: 'signedGreaterOrEqual',
  jslt: 'signedLess',
  jsle: 'signedLessOrEqual',
  jset: 'bitSet',
} as const;

for (const [suffix, family] of [
  ['', jump],
  ['32', jump32],
] as const) {
  for (const [name, condition] of Object.entries(conditions)) {
    mnemonics.set(name + suffix, (cursor) => {
      const left = register(cursor);
      cursor.expect(',');
      const right = registerOrImmediate(cursor);
      cursor.expect(',');
      return jumpTo(cursor, (label) => family[condition](left, right, label));
    });
  }
}
mnemonics.set('ja', (cursor) => jumpTo(cursor, goto));
mnemonics.set('ja32', (cursor) => jumpTo(cursor, gotoLong));
mnemonics.set('call', callStatement);
define('exit', () => exit());

/** `[%r1+4]` */
function bracketed(cursor: Cursor): { base: RegisterOperand; offset: number } {
  cursor.expect('[');
  const place = address(cursor);
  cursor.expect(']');
  return place;
}

const sizes = { b: 'u8', h: 'u16', w: 'u32', dw: 'u64' } as const satisfies Record<string, Size>;

for (const [letter, size] of Object.entries(sizes)) {
  define(`ldx${letter}`, (cursor) => {
    const destination = register(cursor);
    cursor.expect(',');
    const { base, offset } = bracketed(cursor);
    return load(size, destination, base, offset);
  });
  define(`st${letter}`, (cursor) => {
    const { base, offset } = bracketed(cursor);
    cursor.expect(',');
    return store(size, base, offset, immediate(cursor));
  });
  define(`stx${letter}`, (cursor) => {
    const { base, offset } = bracketed(cursor);
    cursor.expect(',');
    return store(size, base, offset, register(cursor));
  });
  if (size === 'u64') continue;
  define(`ldxs${letter}`, (cursor) => {
    const destination = register(cursor);
    cursor.expect(',');
    const { base, offset } = bracketed(cursor);
    return loadSigned(size, destination, base, offset);
  });
  define(`ldabs${letter}`, (cursor) => loadAbsolute(size, immediate(cursor)));
  define(`ldind${letter}`, (cursor) => {
    const index = register(cursor);
    cursor.expect(',');
    return loadIndirect(size, index, immediate(cursor));
  });
}

/** `lddw %r1, 5`, or one of the names of RFC 9669 for what the immediate can stand for, around a name. */
mnemonics.set('lddw', (cursor) => {
  const destination = register(cursor);
  cursor.expect(',');
  if (cursor.atInteger()) return { instruction: loadImmediate64(destination, immediate64(cursor)) };
  if (cursor.accept('code_addr')) {
    cursor.expect('(');
    const statement = jumpTo(cursor, (label) => loadFunction(destination, label));
    cursor.expect(')');
    return statement;
  }
  if (cursor.accept('map_val')) {
    cursor.expect('(');
    const map = mapName(cursor);
    cursor.expect(')');
    const offset = cursor.atInteger() ? immediate(cursor) : 0;
    return { instruction: loadMapValue(destination, map, offset) };
  }
  return { instruction: loadMap(destination, mapName(cursor)) };
});

function mapName(cursor: Cursor): string {
  if (!cursor.accept('map_by_fd')) throw cursor.unexpected('a number, map_by_fd, map_val or code_addr');
  cursor.expect('(');
  const name = cursor.word('the name of a map');
  cursor.expect(')');
  return name;
}

const plainAtomics = { add: 'add', or: 'or', and: 'and', xor: 'xor' } as const;
const exchanges = { xchg: 'exchange', cmpxchg: 'compareExchange' } as const;
const fetchingAtomics = { add: 'fetchAdd', or: 'fetchOr', and: 'fetchAnd', xor: 'fetchXor' } as const;

/** `lock [fetch] add[32] [%r1], %r2`; the exchanges always fetch, whether it is said or not. */
mnemonics.set('lock', (cursor) => {
  const table: Readonly<Record<string, keyof typeof AtomicOperation>> = cursor.accept('fetch')
    ? { ...fetchingAtomics, ...exchanges }
    : { ...plainAtomics, ...exchanges };
  const token = cursor.peek();
  const name = cursor.word('an atomic operation');
  const operation = Object.hasOwn(table, name.replace(/(32|64)$/, '')) && table[name.replace(/(32|64)$/, '')];
  if (!operation) {
    throw cursor.error(`there is no atomic operation "${name}"`, suggestion(name, Object.keys(table)), token);
  }
  const { base, offset } = bracketed(cursor);
  cursor.expect(',');
  const size = name.endsWith('32') ? 'u32' : 'u64';
  return { instruction: atomic(operation, size, base, offset, register(cursor)) };
});

/** The names of all mnemonics. */
export const mnemonicNames = (): Iterable<string> => mnemonics.keys();

/** Reads a statement that begins with a mnemonic; undefined when the next word is none. */
export function parseMnemonic(cursor: Cursor): Statement | undefined {
  const parse = mnemonics.get(cursor.peek().text);
  if (!parse) return undefined;
  cursor.next();
  return parse(cursor);
}
