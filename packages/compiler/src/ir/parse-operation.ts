/** The part of an instruction's text behind its type: what it does, and the values it uses. */
import { helperNumbers } from '../backend/text-syntax.ts';
import type { AccessSize, Operation, Value } from './ir.ts';
import { atomicOperators, binaryOperators } from './operators.ts';
import type { Words } from './words.ts';

const WIDTHS = ['u8', 'u16', 'u32', 'u64'] as const;
const plain = [...binaryOperators, 'zeroExtend', 'truncate', 'offsetPointer', 'tailCall'] as const;
const operations = [
  ...plain,
  'const',
  'config',
  'late',
  'compare',
  'signExtend',
  'swapBytes',
  'load',
  'store',
  'atomic',
  'packetBound',
  'packetAt',
  'stackSlot',
  'mapReference',
  'mapValueReference',
  'functionReference',
  'callHelper',
  'callKernel',
  'call',
  'fieldOffset',
  'fieldExists',
  'registerOffset',
] as const;

/**
 * Reads an operation to the end of its line.
 * @throws WaggleError MALFORMED
 */
export function readOperation(words: Words): { operation: Operation; args: readonly Value[] } {
  const args: Value[] = [];
  const values = (): void => {
    while (words.atValue()) args.push(words.value());
  };
  const operation = read(words, values);
  values();
  words.end();
  return { operation, args };
}

/** Reads the words that are no values; `values` reads those that stand in between. */
function read(words: Words, values: () => void): Operation {
  const op = words.oneOf(operations, 'operation');
  const size = (): AccessSize => (1 << WIDTHS.indexOf(words.oneOf(WIDTHS, 'size'))) as AccessSize;
  const offset = (): number => {
    values();
    return words.number();
  };
  const kills = (): { kills?: 'packet' } => {
    values();
    if (!words.take('kills')) return {};
    words.expect('packet');
    return { kills: 'packet' };
  };
  switch (op) {
    case 'const':
      return { op, value: words.integer() };
    case 'config':
      return { op, config: words.name(), field: words.name() };
    case 'late': {
      const number = words.number();
      words.expect('bits');
      return { op, number, bits: words.number() };
    }
    case 'compare':
      return { op, comparison: words.comparison() };
    case 'signExtend':
      return { op, bits: Number(words.oneOf(['8', '16', '32'], 'width')) as 8 | 16 | 32 };
    case 'swapBytes':
      return { op, bits: Number(words.oneOf(['16', '32', '64'], 'width')) as 16 | 32 | 64 };
    case 'load': {
      const access = { op, size: size(), offset: offset() };
      return words.take('volatile') ? { ...access, volatile: true } : access;
    }
    case 'store':
      return { op, size: size(), offset: offset() };
    case 'atomic':
      return {
        op,
        operator: words.oneOf(atomicOperators, 'atomic operator'),
        size: size() as 4 | 8,
        offset: offset(),
      };
    case 'packetBound':
      return { op, bound: words.oneOf(['data', 'meta', 'end'], 'bound of a packet') };
    case 'packetAt': {
      const at = { op, offset: offset() };
      words.expect('size');
      return { ...at, size: words.number() };
    }
    case 'stackSlot': {
      words.expect('size');
      const bytes = words.number();
      words.expect('alignment');
      return { op, size: bytes, alignment: words.number() };
    }
    case 'mapReference':
      return { op, map: words.name() };
    case 'mapValueReference':
      return { op, map: words.name(), offset: offset() };
    case 'functionReference':
    case 'call':
      return { op, function: words.name() };
    case 'callHelper':
      return { op, helper: helperNumber(words), ...kills() };
    case 'callKernel':
      return { op, function: words.name(), ...kills() };
    case 'fieldOffset': {
      const field = { op, struct: words.name(), path: words.name() };
      if (!words.take('size')) return field;
      const sized = { ...field, size: words.number() };
      return words.take('narrow') ? { ...sized, narrow: true } : sized;
    }
    case 'fieldExists':
      return { op, struct: words.name(), path: words.name() };
    case 'registerOffset':
      return { op, holds: words.atNumber() ? words.number() : words.oneOf(['result'] as const, 'register') };
    default:
      return { op };
  }
}

/** A helper by its name in the kernel, or by a number that has none here. */
function helperNumber(words: Words): number {
  if (words.atNumber()) return words.number();
  const name = words.name();
  const number = helperNumbers.get(name);
  if (number === undefined) throw words.error(`there is no helper "${name}"`);
  return number;
}
