/**
 * Runs programs of the IR, slowly and plainly: the meaning of ir.ts in the fewest words. What the back end and the passes
 * make of a program is compared with this.
 */
import type {
  BinaryOperator,
  Block,
  Comparison,
  Edge,
  IrFunction,
  IrInstruction,
  IrProgram,
  Value,
} from '../ir.ts';
import { type IrType, isInteger } from '../type.ts';

/** A pointer: some bytes and a place in them. Handles and contexts are pointers to nothing. */
export interface Pointer {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Integers without sign, pointers, null. */
export type Content = bigint | Pointer | null;

/** What surrounds the program. */
export interface Surroundings {
  readonly packet: Uint8Array;
  /** What helpers do, by number; a tail call is helper 12. */
  readonly helpers?: Readonly<Record<number, (args: readonly Content[], map: string | undefined) => Content>>;
  readonly budget?: number;
}

const BUDGET = 1_000_000;
const context: Pointer = { bytes: new Uint8Array(), at: 0 };

/** The result of a program that gets the context as its only parameter. */
export function evaluate(program: IrProgram, surroundings: Surroundings): Content {
  const [entry] = program.functions;
  if (!entry) throw new Error('no entry');
  return new Evaluation(program, surroundings).call(entry, [context]);
}

class Evaluation {
  readonly #functions: ReadonlyMap<string, IrFunction>;
  readonly #surroundings: Surroundings;
  #left: number;

  constructor(program: IrProgram, surroundings: Surroundings) {
    this.#functions = new Map(program.functions.map((each) => [each.name, each]));
    this.#surroundings = surroundings;
    this.#left = surroundings.budget ?? BUDGET;
  }

  call({ name, blocks }: IrFunction, args: readonly Content[]): Content {
    const values = new Map<Value, Content>();
    const types = new Map<Value, IrType>();
    const maps = new Map<Value, string>();
    const of = (value: Value): Content => {
      const found = values.get(value);
      if (found === undefined) throw new Error(`%${value} has no value in ${name}`);
      return found;
    };
    const integer = (value: Value): bigint => {
      const found = of(value);
      return typeof found === 'bigint' ? found : BigInt(found?.at ?? 0);
    };
    const enter = (block: Block, contents: readonly Content[]): Block => {
      for (const [place, { id, type }] of block.params.entries()) {
        values.set(id, contents[place] ?? null);
        types.set(id, type);
      }
      return block;
    };
    const follow = ({ block, args: given }: Edge): Block => {
      const target = blocks.find(({ id }) => id === block);
      if (!target) throw new Error(`no block b${block} in ${name}`);
      return enter(target, given.map(of));
    };
    const [entry] = blocks;
    if (!entry) throw new Error(`${name} has no blocks`);
    for (let block = enter(entry, args); ; ) {
      for (const instruction of block.instructions) {
        if (--this.#left < 0) throw new Error('the budget is used up');
        const operands = instruction.args.map(of);
        const map = instruction.args.map((value) => maps.get(value)).find((each) => each !== undefined);
        const width = isWide(types.get(instruction.args[0] ?? -1)) ? 64 : 32;
        const result = this.#execute(instruction, operands, width, map);
        types.set(instruction.id, instruction.type);
        if (instruction.op === 'mapReference') maps.set(instruction.id, instruction.map);
        values.set(instruction.id, isInteger(instruction.type) ? clip(result, instruction.type) : result);
      }
      const { terminator } = block;
      if (terminator.op === 'return') return terminator.value === undefined ? 0n : of(terminator.value);
      if (terminator.op === 'unreachable') throw new Error(`${name} got to where it cannot`);
      if (terminator.op === 'jump') block = follow(terminator.to);
      else {
        const { comparison, left, right, then, otherwise } = terminator;
        const width = isWide(types.get(left)) ? 64 : 32;
        const [a, b] = [of(left), of(right)];
        const holds =
          a === null || b === null
            ? (a === b) === (comparison === 'equal')
            : compare(comparison, integer(left), integer(right), width);
        block = follow(holds ? then : otherwise);
      }
    }
  }

  #execute(
    instruction: IrInstruction,
    args: readonly Content[],
    width: number,
    map: string | undefined,
  ): Content {
    const [first = null, second = null, third = null] = args;
    const bits = instruction.type === 'i32' ? 32 : 64;
    switch (instruction.op) {
      case 'const':
        return isInteger(instruction.type) ? instruction.value : null;
      case 'config':
      case 'late':
      case 'fieldOffset':
      case 'fieldExists':
      case 'registerOffset':
        throw new Error(`${instruction.op} has no value here`);
      case 'compare':
        return compare(instruction.comparison, number(first), number(second), width) ? 1n : 0n;
      case 'zeroExtend':
      case 'truncate':
        return first;
      case 'signExtend':
        return BigInt.asIntN(instruction.bits, number(first));
      case 'swapBytes':
        return swap(number(first), instruction.bits);
      case 'load':
        return read(pointer(first), instruction.offset, instruction.size);
      case 'store':
        write(pointer(first), instruction.offset, instruction.size, number(second));
        return 0n;
      case 'atomic': {
        const { operator, offset, size } = instruction;
        const old = read(pointer(first), offset, size);
        const value = number(second);
        const now = {
          add: old + value,
          fetchAdd: old + value,
          and: old & value,
          fetchAnd: old & value,
          or: old | value,
          fetchOr: old | value,
          xor: old ^ value,
          fetchXor: old ^ value,
          exchange: value,
          compareExchange: old === value ? number(third) : old,
        }[operator];
        write(pointer(first), offset, size, now);
        return old;
      }
      case 'offsetPointer': {
        const { bytes, at } = pointer(first);
        return { bytes, at: at + Number(BigInt.asIntN(64, number(second))) };
      }
      case 'packetBound': {
        const { packet } = this.#surroundings;
        return { bytes: packet, at: instruction.bound === 'end' ? packet.length : 0 };
      }
      case 'packetAt': {
        const { packet } = this.#surroundings;
        const at = instruction.offset + (second === null ? 0 : Number(number(second)));
        return at + instruction.size > packet.length ? null : { bytes: packet, at };
      }
      case 'stackSlot':
        return { bytes: new Uint8Array(instruction.size), at: 0 };
      case 'mapReference':
      case 'functionReference':
      case 'mapValueReference':
        return context;
      case 'callHelper':
        return this.#help(instruction.helper, args, map);
      case 'tailCall':
        return this.#help(12, args, map);
      case 'callKernel':
        throw new Error(`there is no kernel to call ${instruction.function}`);
      case 'call': {
        const target = this.#functions.get(instruction.function);
        if (!target) throw new Error(`there is no function ${instruction.function}`);
        return this.call(target, args);
      }
      default:
        return calculate(instruction.op, number(first), number(second), bits);
    }
  }

  #help(helper: number, args: readonly Content[], map: string | undefined): Content {
    const help = this.#surroundings.helpers?.[helper];
    if (!help) throw new Error(`there is no helper ${helper}`);
    return help(args, map);
  }
}

const isWide = (type: IrType | undefined): boolean => type !== 'i32';

const clip = (content: Content, type: IrType): Content =>
  typeof content === 'bigint' ? BigInt.asUintN(type === 'i32' ? 32 : 64, content) : content;

function number(content: Content): bigint {
  if (content === null) return 0n;
  return typeof content === 'bigint' ? content : BigInt(content.at);
}

function pointer(content: Content): Pointer {
  if (content === null || typeof content === 'bigint') throw new Error(`${content} is no pointer`);
  return content;
}

function read({ bytes, at }: Pointer, offset: number, size: number): bigint {
  let value = 0n;
  for (let byte = size - 1; byte >= 0; byte--) {
    const each = bytes[at + offset + byte];
    if (each === undefined) throw new Error(`reads byte ${at + offset + byte} of ${bytes.length}`);
    value = (value << 8n) | BigInt(each);
  }
  return value;
}

function write({ bytes, at }: Pointer, offset: number, size: number, value: bigint): void {
  if (at + offset < 0 || at + offset + size > bytes.length)
    throw new Error(`writes past ${bytes.length} bytes`);
  for (let byte = 0; byte < size; byte++) {
    bytes[at + offset + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
  }
}

function swap(value: bigint, bits: number): bigint {
  let swapped = 0n;
  for (let byte = 0; byte < bits / 8; byte++)
    swapped = (swapped << 8n) | ((value >> BigInt(8 * byte)) & 0xffn);
  return swapped;
}

/** A binary operation on unsigned numbers of so many bits. */
export function calculate(operator: BinaryOperator, left: bigint, right: bigint, bits: 32 | 64): bigint {
  const signed = (value: bigint): bigint => BigInt.asIntN(bits, value);
  const shift = right & BigInt(bits - 1);
  const results: Readonly<Record<BinaryOperator, () => bigint>> = {
    add: () => left + right,
    sub: () => left - right,
    mul: () => left * right,
    div: () => (right === 0n ? 0n : left / right),
    mod: () => (right === 0n ? left : left % right),
    signedDiv: () => (right === 0n ? 0n : signed(left) / signed(right)),
    signedMod: () => (right === 0n ? left : signed(left) % signed(right)),
    and: () => left & right,
    or: () => left | right,
    xor: () => left ^ right,
    shiftLeft: () => left << shift,
    shiftRight: () => left >> shift,
    signedShiftRight: () => signed(left) >> shift,
  };
  return BigInt.asUintN(bits, results[operator]());
}

/** Whether a comparison of unsigned numbers of so many bits holds. */
export function compare(comparison: Comparison, left: bigint, right: bigint, bits: number): boolean {
  const [a, b] = [BigInt.asIntN(bits, left), BigInt.asIntN(bits, right)];
  const results: Readonly<Record<Comparison, boolean>> = {
    equal: left === right,
    notEqual: left !== right,
    less: left < right,
    lessOrEqual: left <= right,
    greater: left > right,
    greaterOrEqual: left >= right,
    signedLess: a < b,
    signedLessOrEqual: a <= b,
    signedGreater: a > b,
    signedGreaterOrEqual: a >= b,
    bitSet: (left & right) !== 0n,
  };
  return results[comparison];
}
