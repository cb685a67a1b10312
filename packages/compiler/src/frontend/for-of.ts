/**
 * `for (const x of …)`. What is known when the program is compiled (a table, a range) is written out turn by turn, with the
 * element a constant in each; so is an array where the verifier follows no index, such as in the packet. All other arrays are
 * loops over their indexes.
 */
import { range, u32 } from '@waggle/bpf';
import { spaceOf } from '../ir/type.ts';
import { lessThan } from './conditions.ts';
import { constantArgument } from './context.ts';
import { expression } from './expressions.ts';
import type { Lowering } from './lowering.ts';
import { elementOf, elementsOf, present, read } from './memory.ts';
import { staticOperand } from './names.ts';
import { describeOperand, type Operand, type Pointer } from './operand.ts';
import { scalarOf } from './scalars.ts';
import { body, within } from './statements.ts';
import type { Expression, Statement } from './syntax.ts';
import { assignedNames } from './syntax-queries.ts';
import { destructure } from './variables.ts';

type ForOf = Extract<Statement, { kind: 'forOf' }>;

/** So much of a program is written out at most. */
const MOST_TURNS = 256;

/** Lowers the loop; what it binds is in a scope of the caller. */
export function forOf(f: Lowering, node: ForOf): void {
  const { iterable } = node;
  const turns = knownTurns(f, iterable);
  if (turns) {
    unrolled(f, node, turns);
    return;
  }
  const array = present(f, expression(f, iterable), iterable);
  const elements = array.kind === 'pointer' ? elementsOf(array.to) : undefined;
  if (array.kind !== 'pointer' || !elements) {
    f.fail('W114', iterable.place, { got: describeOperand(array) });
  }
  const space = spaceOf(f.builder.typeOf(array.value));
  if (space === 'context' || space === 'socket' || space === 'packet') {
    // The verifier follows no index there.
    unrolled(
      f,
      node,
      Array.from({ length: elements.length }, (_, index) => () => at(f, array, index, iterable)),
    );
  } else overIndexes(f, node, array, elements.length);
}

type Turn = () => Operand;

const at = (f: Lowering, array: Pointer, index: number, { place }: Expression): Operand =>
  read(f, elementOf(f, array, { kind: 'literal', of: 'number', value: BigInt(index) }, place));

/** The elements, where they are known now. */
function knownTurns(f: Lowering, node: Expression): Turn[] | undefined {
  if (node.kind === 'array') return node.elements.map((element) => () => expression(f, element));
  if (node.kind === 'call') {
    const callee = expression(f, node.callee);
    if (callee.kind !== 'static' || callee.value !== range) return undefined;
    f.program.checkArguments(node, 'range', 1, 2);
    const bounds = node.args.map((_, index) => constantArgument(f, node, index));
    const [start, end] = bounds.length === 1 ? [0, bounds[0] ?? 0] : [bounds[0] ?? 0, bounds[1] ?? 0];
    const length = Math.max(0, end - start);
    checkTurns(f, node, length);
    return range(start, start + length).map((value) => () => ({
      kind: 'literal',
      of: 'number',
      value: BigInt(value),
    }));
  }
  if (node.kind !== 'identifier' && node.kind !== 'member') return undefined;
  const table = expression(f, node);
  if (table.kind !== 'static' || !Array.isArray(table.value)) return undefined;
  const { name } = table;
  return table.value.map((value: unknown) => () => staticOperand(value, name));
}

function checkTurns(f: Lowering, { place }: Expression, turns: number): void {
  if (turns > MOST_TURNS) f.fail('W115', place, { turns, most: MOST_TURNS });
}

function unrolled(f: Lowering, node: ForOf, turns: readonly Turn[]): void {
  checkTurns(f, node.iterable, turns.length);
  const { builder } = f;
  const end = builder.block();
  for (const turn of turns) {
    if (!builder.reachable) break;
    const next = builder.block();
    f.scoped(() => {
      destructure(f, node.pattern, turn(), node.mutable);
      within(f, { breaks: end, continues: next, ...labelOf(node) }, () => body(f, node.body));
    });
    builder.jump(next, f.origin);
    builder.enter(next);
  }
  builder.jump(end, f.origin);
  builder.enter(end);
}

function overIndexes(f: Lowering, node: ForOf, array: Pointer, length: number): void {
  const { builder } = f;
  // No name of the program has a space in it.
  const index = { name: 'the index', type: 'i32' } as const;
  const head = builder.block(new Set([...assignedNames(node), index.name]));
  const [inside, again, end] = [builder.block(), builder.block(), builder.block()];
  builder.write(index, f.constant('i32', 0n));
  builder.jump(head, f.origin);
  builder.begin(head);
  const current = scalarOf(u32, builder.read(index));
  lessThan(f, current, BigInt(length), node.iterable.place, inside, end);
  builder.enter(inside);
  f.scoped(() => {
    destructure(
      f,
      node.pattern,
      read(f, elementOf(f, array, current, node.iterable.place, 'counted')),
      node.mutable,
    );
    within(f, { breaks: end, continues: again, ...labelOf(node) }, () => body(f, node.body));
  });
  builder.jump(again, f.origin);
  builder.enter(again);
  builder.write(index, f.emit({ op: 'add' }, 'i32', [current.value, f.constant('i32', 1n)]));
  builder.jump(head, f.origin);
  builder.seal(head);
  builder.enter(end);
}

const labelOf = ({ label }: ForOf): { label?: string } => (label === undefined ? {} : { label });
