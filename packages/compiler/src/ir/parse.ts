/**
 * Reads the text that `printIr` writes. A line is cut into words; those that start with `%` are the instruction's
 * values, the others say what it does, in the order in which `printIr` writes them.
 */
import { type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import type { Block, Edge, IrFunction, IrInstruction, IrProgram, Parameter, Terminator } from './ir.ts';
import { readOperation } from './parse-operation.ts';
import { type IrType, isInteger, nonNull, spaces } from './type.ts';
import { Words } from './words.ts';

/**
 * Reads a program.
 * @throws WaggleError MALFORMED, naming the line.
 */
export function parseIr(text: string): IrProgram {
  const lines = new Lines(text);
  const head = lines.next();
  const words = head?.words;
  if (!words?.take('program')) throw malformed(head?.number ?? 1, 'a program starts with "program <type>"');
  const type = words.name();
  if (!Object.hasOwn(programTypes, type))
    throw malformed(head?.number ?? 1, `there is no program type "${type}"`);
  words.end();
  const functions: IrFunction[] = [];
  while (lines.peek()) functions.push(parseFunction(lines));
  return { type: type as ProgramType, functions };
}

/** A line that has words, and what stands behind them. */
interface Line {
  readonly number: number;
  readonly words: Words;
  readonly origin: IrInstruction['origin'];
}

/** The lines that say something, one after another. */
class Lines {
  readonly #lines: Line[] = [];
  #next = 0;

  constructor(text: string) {
    for (const [index, line] of text.split('\n').entries()) {
      const { code, comment } = split(line);
      if (code.trim() === '') continue;
      const number = index + 1;
      this.#lines.push({ number, words: new Words(code, number), origin: parseOrigin(comment) });
    }
  }

  peek(): Line | undefined {
    return this.#lines[this.#next];
  }

  next(): Line | undefined {
    return this.#lines[this.#next++];
  }
}

/** Cuts a line at the first semicolon outside quotes. */
function split(line: string): { code: string; comment: string | undefined } {
  const match = /^((?:"(?:[^"\\]|\\.)*"|[^";])*);(.*)$/.exec(line);
  return match ? { code: match[1] ?? '', comment: match[2] } : { code: line, comment: undefined };
}

function parseOrigin(comment: string | undefined): IrInstruction['origin'] {
  const match = /^ (.*) \(([^()]+):(\d+):(\d+)\)$/.exec(comment ?? '');
  if (!match) return undefined;
  const [, source = '', file = '', line, column] = match;
  return { file, source, line: Number(line), column: Number(column) };
}

function parseFunction(lines: Lines): IrFunction {
  const head = lines.next();
  if (!head) throw malformed(0, 'a function is missing');
  const { words, number } = head;
  const linkage = words.take('static') ? 'static' : words.take('global') ? 'global' : 'program';
  if (!words.take('function')) throw malformed(number, 'a function starts with "function <name>"');
  const name = words.name();
  const params = parseParameters(words);
  words.expect(':');
  const result = parseType(words);
  words.end();
  const drafts: BlockDraft[] = [];
  while (lines.peek() && !isFunctionHead(lines.peek()))
    drafts.push(parseBlock(lines, drafts.length === 0 ? params : []));
  return { name, linkage, result, blocks: numberResults(drafts) };
}

const isFunctionHead = (line: Line | undefined): boolean =>
  ['function', 'static', 'global'].some((word) => line?.words.at(word));

/** Instructions without result have no number yet. */
type Draft = Omit<IrInstruction, 'id'> & { readonly id: number | undefined };
type BlockDraft = Omit<Block, 'instructions'> & { readonly instructions: readonly Draft[] };

function parseBlock(lines: Lines, functionParams: readonly Parameter[]): BlockDraft {
  const head = lines.next();
  if (!head) throw malformed(0, 'a block is missing');
  const id = head.words.block();
  const params = head.words.at('(') ? parseParameters(head.words) : functionParams;
  head.words.expect(':');
  head.words.end();
  const instructions: Draft[] = [];
  for (let line = lines.next(); line; line = lines.next()) {
    const terminator = parseTerminator(line);
    if (terminator) return { id, params, instructions, terminator };
    instructions.push(parseInstruction(line));
  }
  throw malformed(head.number, `block b${id} does not end`);
}

function parseParameters(words: Words): Parameter[] {
  const params: Parameter[] = [];
  words.expect('(');
  while (!words.at(')')) {
    if (params.length > 0) words.expect(',');
    const id = words.value();
    words.expect(':');
    params.push({ id, type: parseType(words) });
  }
  words.expect(')');
  return params;
}

function parseType(words: Words): IrType {
  const text = `${words.name()}${words.take('?') ? '?' : ''}` as IrType;
  const known = isInteger(text) || text === 'void' || (spaces as readonly string[]).includes(nonNull(text));
  if (!known) throw malformed(words.line, `there is no type "${text}"`);
  return text;
}

function parseTerminator({ words, origin }: Line): Terminator | undefined {
  const from = origin === undefined ? {} : { origin };
  const finish = (terminator: Terminator): Terminator => {
    words.end();
    return terminator;
  };
  if (words.take('jump')) return finish({ op: 'jump', to: parseEdge(words), ...from });
  if (words.take('unreachable')) return finish({ op: 'unreachable', ...from });
  if (words.take('return')) {
    return finish({ op: 'return', value: words.ended() ? undefined : words.value(), ...from });
  }
  if (!words.take('branch')) return undefined;
  const comparison = words.comparison();
  const [left, right] = [words.value(), words.value()];
  words.expect('?');
  const then = parseEdge(words);
  words.expect(':');
  return finish({ op: 'branch', comparison, left, right, then, otherwise: parseEdge(words), ...from });
}

function parseEdge(words: Words): Edge {
  const block = words.block();
  const args: number[] = [];
  if (words.take('(')) {
    do args.push(words.value());
    while (words.take(','));
    words.expect(')');
  }
  return { block, args };
}

function parseInstruction({ words, origin }: Line): Draft {
  let id: number | undefined;
  let type: IrType = 'void';
  if (words.atValue()) {
    id = words.value();
    words.expect(':');
    type = parseType(words);
    words.expect('=');
  }
  const { operation, args } = readOperation(words);
  return { ...operation, id, type, args, ...(origin ? { origin } : {}) } as Draft;
}

/** Gives the instructions without result the numbers after the largest in the text. */
function numberResults(drafts: readonly BlockDraft[]): Block[] {
  const numbers = drafts.flatMap(({ params, instructions }) =>
    [...params, ...instructions].map(({ id }) => id ?? -1),
  );
  let next = Math.max(-1, ...numbers) + 1;
  return drafts.map((block) => ({
    ...block,
    instructions: block.instructions.map(
      ({ id, ...rest }) => ({ ...rest, id: id ?? next++ }) as IrInstruction,
    ),
  }));
}

const malformed = (line: number, problem: string): WaggleError =>
  new WaggleError('MALFORMED', `line ${line}: ${problem}`);
