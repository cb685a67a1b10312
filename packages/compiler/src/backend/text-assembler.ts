/**
 * Assembles text, in either of the two usual syntaxes, line by line even mixed:
 *
 *     assembleText(`
 *       ldxw r2, [r1+4]              ; as ubpf and bpf_conformance write it
 *       if r2 == 0 goto done         ; as the kernel and LLVM print it
 *       r0 = 1
 *     done:
 *       exit`);
 *
 * A statement stands on a line of its own, after an optional label and the number of its slot. Jumps go to labels or by
 * distance (`+3`); where no label is called `exit`, that name means the first exit.
 */
import { assemble, type Code } from './assemble.ts';
import { WIDE } from './decode.ts';
import type { Instruction, Label } from './instruction.ts';
import { Class, JumpOperation } from './opcode.ts';
import { Cursor, suggestion } from './text-lexer.ts';
import { mnemonicNames, parseMnemonic } from './text-mnemonics.ts';
import { helperByName, type Statement } from './text-operands.ts';
import { parsePseudoC } from './text-pseudo-c.ts';

/** A statement at its place in the program and in the text. */
interface Placed extends Statement {
  readonly slot: number;
  readonly cursor: Cursor;
}

/**
 * The machine code of a text.
 * @throws WaggleError MALFORMED, naming line and column; what {@link assemble} throws.
 */
export const assembleText = (text: string): Code => assemble(parseText(text));

/**
 * The program of a text, as `assemble` takes it.
 * @throws WaggleError MALFORMED, naming line and column.
 */
export function parseText(text: string): (Instruction | Label)[] {
  const { labels, statements, end } = readLines(text);
  const first = statements.find(({ instruction }) => instruction.opcode === (Class.jmp | JumpOperation.exit));
  if (first && !labels.has('exit')) labels.set('exit', first.slot);
  const used = new Set<string>();
  const instructions = statements.map((placed) => {
    const { instruction } = placed;
    if (instruction.target === undefined) return instruction;
    const { callee, distance } = placed;
    if (callee && !labels.has(callee.text)) return helperByName(placed.cursor, callee);
    const target =
      distance === undefined ? instruction.target : labelAt(placed, distance, statements, labels);
    if (!labels.has(target)) {
      throw placed.cursor.error(`there is no label "${target}" to go to`, suggestion(target, labels.keys()));
    }
    used.add(target);
    return { ...instruction, target };
  });
  return interleave(instructions, statements, labels, used, end);
}

function readLines(text: string) {
  const labels = new Map<string, number>();
  const statements: Placed[] = [];
  let slot = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const cursor = new Cursor(line, index + 1);
    while (cursor.peek(1).text === ':' && cursor.peek().kind !== 'sign') {
      const token = cursor.next();
      cursor.expect(':');
      // A number is the slot, as disassemblers print it.
      if (token.kind === 'number') continue;
      if (labels.has(token.text)) {
        throw cursor.error(`the label "${token.text}" stands in two places`, undefined, token);
      }
      labels.set(token.text, slot);
    }
    if (cursor.peek().kind === 'end') continue;
    const statement = readStatement(cursor);
    statements.push({ ...statement, slot, cursor });
    slot += statement.instruction.opcode === WIDE ? 2 : 1;
  }
  return { labels, statements, end: slot };
}

function readStatement(cursor: Cursor): Statement {
  const { text } = cursor.peek();
  const statement = parsePseudoC(cursor) ?? parseMnemonic(cursor);
  if (!statement) throw cursor.error(`there is no instruction "${text}"`, suggestion(text, mnemonicNames()));
  cursor.finish();
  return statement;
}

/** The label at the end of a jump by distance; made where there is none. */
function labelAt(
  { slot, cursor }: Placed,
  distance: number,
  statements: readonly Placed[],
  labels: Map<string, number>,
): string {
  const target = slot + 1 + distance;
  for (const [name, at] of labels) if (at === target) return name;
  if (!statements.some((each) => each.slot === target)) {
    throw cursor.error(`there is no instruction in slot ${target} to go to`);
  }
  let name = `L${target}`;
  while (labels.has(name)) name += '_';
  labels.set(name, target);
  return name;
}

/** Puts the labels that something goes to before the instructions they name. */
function interleave(
  instructions: readonly Instruction[],
  statements: readonly Placed[],
  labels: ReadonlyMap<string, number>,
  used: ReadonlySet<string>,
  end: number,
): (Instruction | Label)[] {
  const names = new Map<number, Label[]>();
  for (const [label, slot] of labels) {
    if (used.has(label)) names.set(slot, [...(names.get(slot) ?? []), { label }]);
  }
  const program = instructions.flatMap((instruction, index) => [
    ...(names.get(statements[index]?.slot ?? end) ?? []),
    instruction,
  ]);
  return [...program, ...(names.get(end) ?? [])];
}
