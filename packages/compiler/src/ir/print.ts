/**
 * A program of the intermediate representation as text, for people, golden files and tests; `parseIr` reads it back. A
 * line is a value, its type, an operation and what it works on:
 *
 *     %3: i32 = load u16 %1 +0  ; const type = ethernet.type; (parse.bpf.ts:7:3)
 *
 * Instructions without a result have no number in the text; reading gives them new ones.
 */
import { helperName } from '../backend/text-syntax.ts';
import type { Block, Edge, IrFunction, IrInstruction, IrProgram, Origin, Terminator } from './ir.ts';

/** The text of a program. */
export function printIr({ type, functions }: IrProgram): string {
  return [`program ${type}\n`, ...functions.map(printFunction)].join('\n');
}

/** The text of one function. */
export function printFunction({ name, linkage, result, blocks }: IrFunction): string {
  const parameters = (blocks[0]?.params ?? []).map(parameter).join(', ');
  const head = `${linkage === 'program' ? '' : `${linkage} `}function ${quoted(name)}(${parameters}): ${result}`;
  return `${[head, ...blocks.map(printBlock)].join('\n')}\n`;
}

/** The text of one instruction, without its origin. */
export function printInstruction(instruction: IrInstruction): string {
  const { id, type } = instruction;
  return `${type === 'void' ? '' : `${value(id)}: ${type} = `}${operation(instruction)}`;
}

/** The text of a terminator, without its origin. */
export function printTerminator(terminator: Terminator): string {
  switch (terminator.op) {
    case 'jump':
      return `jump ${edge(terminator.to)}`;
    case 'branch': {
      const { comparison, left, right, then, otherwise } = terminator;
      return `branch ${comparison} ${value(left)} ${value(right)} ? ${edge(then)} : ${edge(otherwise)}`;
    }
    case 'return':
      return terminator.value === undefined ? 'return' : `return ${value(terminator.value)}`;
    case 'unreachable':
      return 'unreachable';
  }
}

function printBlock({ id, params, instructions, terminator }: Block, index: number): string {
  // The parameters of the entry are those of the function, in its head.
  const parameters = index === 0 || params.length === 0 ? '' : `(${params.map(parameter).join(', ')})`;
  return [
    `b${id}${parameters}:`,
    ...instructions.map((instruction) => withOrigin(printInstruction(instruction), instruction.origin)),
    withOrigin(printTerminator(terminator), terminator.origin),
  ].join('\n');
}

const withOrigin = (text: string, origin: Origin | undefined): string =>
  origin === undefined
    ? `  ${text}`
    : `  ${text}  ; ${origin.source} (${origin.file}:${origin.line}:${origin.column})`;

const value = (id: number): string => `%${id}`;
const parameter = ({ id, type }: { id: number; type: string }): string => `${value(id)}: ${type}`;
const edge = ({ block, args }: Edge): string =>
  args.length === 0 ? `b${block}` : `b${block}(${args.map(value).join(', ')})`;
const signed = (offset: number): string => (offset < 0 ? String(offset) : `+${offset}`);
const width = (size: number): string => `u${size * 8}`;

/** Names are bare where they cannot be taken for anything else, and JSON strings otherwise. */
const quoted = (name: string): string =>
  /^[A-Za-z_$](?:[\w$.:/-]*[\w$])?$/.test(name) ? name : JSON.stringify(name);

function operation(instruction: IrInstruction): string {
  const args = instruction.args.map(value);
  const [first = '', ...rest] = args;
  switch (instruction.op) {
    case 'const':
      return words('const', String(instruction.value));
    case 'config':
      return words('config', quoted(instruction.config), quoted(instruction.field));
    case 'late':
      return words('late', String(instruction.number), 'bits', String(instruction.bits));
    case 'compare':
      return words('compare', instruction.comparison, ...args);
    case 'signExtend':
    case 'swapBytes':
      return words(instruction.op, String(instruction.bits), ...args);
    case 'load':
      return words(
        'load',
        width(instruction.size),
        first,
        signed(instruction.offset),
        ...rest,
        instruction.volatile ? 'volatile' : '',
      );
    case 'store':
      return words('store', width(instruction.size), first, signed(instruction.offset), ...rest);
    case 'atomic': {
      const { operator, size, offset } = instruction;
      return words('atomic', operator, width(size), first, signed(offset), ...rest);
    }
    case 'packetBound':
      return words('packetBound', instruction.bound, ...args);
    case 'packetAt':
      return words('packetAt', ...args, signed(instruction.offset), 'size', String(instruction.size));
    case 'stackSlot':
      return words('stackSlot', 'size', String(instruction.size), 'alignment', String(instruction.alignment));
    case 'mapReference':
      return words('mapReference', quoted(instruction.map));
    case 'mapValueReference':
      return words('mapValueReference', quoted(instruction.map), signed(instruction.offset));
    case 'functionReference':
      return words('functionReference', quoted(instruction.function));
    case 'callHelper': {
      const { helper, kills } = instruction;
      return words(
        'callHelper',
        helperName(helper) ?? String(helper),
        ...args,
        kills ? `kills ${kills}` : '',
      );
    }
    case 'callKernel': {
      const { function: name, kills } = instruction;
      return words('callKernel', quoted(name), ...args, kills ? `kills ${kills}` : '');
    }
    case 'call':
      return words('call', quoted(instruction.function), ...args);
    case 'fieldOffset':
    case 'fieldExists': {
      const { op, struct, path } = instruction;
      const { size, narrow = false } = op === 'fieldOffset' ? instruction : {};
      const bytes = size === undefined ? '' : `size ${size}`;
      return words(op, quoted(struct), quoted(path), bytes, narrow ? 'narrow' : '');
    }
    case 'registerOffset':
      return words('registerOffset', String(instruction.holds));
    default:
      return words(instruction.op, ...args);
  }
}

const words = (...parts: string[]): string => parts.filter((part) => part !== '').join(' ');
