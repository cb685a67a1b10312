/** Statements, by the kind of their syntax. A faulty statement is reported and left; the next one goes on. */
import { condition, equals } from './conditions.ts';
import { expression } from './expressions.ts';
import { forOf } from './for-of.ts';
import { leaveInline } from './inline-callbacks.ts';
import type { Exit, Lowering } from './lowering.ts';
import { isOptionalChain, lowerThroughNull } from './optional-chains.ts';
import { Reported } from './report.ts';
import { returnValue } from './results.ts';
import { scalar } from './scalars.ts';
import type { BuildingBlock } from './ssa.ts';
import type { Expression, Place, Statement } from './syntax.ts';
import { assignedNames, leaves } from './syntax-queries.ts';
import { declare } from './variables.ts';

export function statements(f: Lowering, nodes: readonly Statement[]): void {
  for (const node of nodes) {
    // What is never reached is not compiled, and may be meaningless.
    if (!f.builder.reachable) return;
    try {
      f.at(node.place, () => statement(f, node));
    } catch (error) {
      if (!(error instanceof Reported)) throw error;
    }
  }
}

function statement(f: Lowering, node: Statement): void {
  switch (node.kind) {
    case 'block':
      f.scoped(() => statements(f, node.body));
      break;
    case 'variables':
      for (const declaration of node.declarations) declare(f, declaration, node.mutable);
      break;
    case 'expression':
      f.unused = node.expression;
      if (isOptionalChain(node.expression)) lowerThroughNull(f, node.expression);
      else expression(f, node.expression);
      break;
    case 'if':
      lowerIf(f, node);
      break;
    case 'loop':
      f.scoped(() => loop(f, node));
      break;
    case 'forOf':
      f.scoped(() => forOf(f, node));
      break;
    case 'switch':
      lowerSwitch(f, node);
      break;
    case 'break':
    case 'continue':
      leave(f, node);
      break;
    case 'return':
      if (f.inlined) leaveInline(f, f.inlined, node.value, node.place);
      else returnValue(f, node.value, node.place);
      break;
    case 'empty':
      break;
    case 'unsupported':
      f.fail(node.code, node.place, { what: node.what });
  }
}

/** The statement of a branch or a loop, which has a scope of its own. */
export function body(f: Lowering, node: Statement): void {
  f.scoped(() => statements(f, node.kind === 'block' ? node.body : [node]));
}

function lowerIf(f: Lowering, node: Extract<Statement, { kind: 'if' }>): void {
  const { builder } = f;
  const [then, otherwise, end] = [builder.block(), builder.block(), builder.block()];
  const past = node.whenFalse ? otherwise : end;
  attempt(f, node.condition, then, past);
  builder.enter(then);
  body(f, node.whenTrue);
  builder.jump(end, f.originOf(node.place));
  if (node.whenFalse) {
    builder.enter(otherwise);
    body(f, node.whenFalse);
    builder.jump(end, f.originOf(node.place));
  }
  builder.enter(end);
}

/** A condition; where it is faulty, what it guards is still worth reading. */
function attempt(f: Lowering, node: Expression, then: BuildingBlock, otherwise: BuildingBlock): void {
  try {
    condition(f, node, then, otherwise);
  } catch (error) {
    if (!(error instanceof Reported)) throw error;
    const any = f.constant('i32', 0n);
    const [yes, no] = [then, otherwise].map((block) => ({ block, facts: [] }));
    if (yes && no) f.builder.branch('equal', any, any, yes, no, f.origin);
  }
}

function loop(f: Lowering, node: Extract<Statement, { kind: 'loop' }>): void {
  const { builder } = f;
  if (node.initializer) statements(f, [node.initializer]);
  const head = builder.block(assignedNames(node));
  const [inside, again, end] = [builder.block(), builder.block(), builder.block()];
  const test = (): void => {
    if (node.condition) attempt(f, node.condition, node.testedAfter ? head : inside, end);
    else builder.jump(node.testedAfter ? head : inside, f.origin);
  };
  builder.jump(head, f.origin);
  builder.begin(head);
  if (node.testedAfter) builder.jump(inside, f.origin);
  else test();
  builder.enter(inside);
  const { label } = node;
  within(f, { breaks: end, continues: again, ...(label === undefined ? {} : { label }) }, () =>
    body(f, node.body),
  );
  builder.jump(again, f.origin);
  builder.enter(again);
  if (node.step) expression(f, node.step);
  if (node.testedAfter) test();
  else builder.jump(head, f.origin);
  builder.seal(head);
  builder.enter(end);
  if (!builder.reachable && !leaves(node)) f.fail('W112', node.place);
}

function lowerSwitch(f: Lowering, node: Extract<Statement, { kind: 'switch' }>): void {
  const { builder } = f;
  const subject = scalar(f, expression(f, node.subject), node.subject.place);
  const end = builder.block();
  // Cases without statements share the block of the next one that has some.
  const bodies = node.clauses.map((clause) => (clause.body.length > 0 ? builder.block() : undefined));
  const blockOf = (index: number) => bodies.slice(index).find((block) => block !== undefined) ?? end;
  for (const [index, { test, place }] of node.clauses.entries()) {
    if (!test) continue;
    const next = builder.block();
    f.at(place, () => equals(f, subject, expression(f, test), test.place, blockOf(index), next));
    builder.enter(next);
  }
  const fallback = node.clauses.findIndex(({ test }) => test === undefined);
  builder.jump(fallback < 0 ? end : blockOf(fallback), f.origin);
  for (const [index, clause] of node.clauses.entries()) {
    const block = bodies[index];
    if (!block) continue;
    builder.enter(block);
    within(f, { breaks: end }, () => f.scoped(() => statements(f, clause.body)));
    const last = index === node.clauses.length - 1;
    if (builder.reachable && !last) f.program.reporter.add('W111', clause.place);
    builder.jump(end, f.origin);
  }
  builder.enter(end);
}

/** Lowers what `break` and `continue` leave to these blocks. */
export function within(f: Lowering, exit: Exit, lower: () => void): void {
  f.exits.push(exit);
  lower();
  f.exits.pop();
}

function leave(
  f: Lowering,
  {
    kind,
    label,
    place,
  }: { readonly kind: 'break' | 'continue'; readonly label?: string; readonly place: Place },
): void {
  const exit = f.exits.findLast((candidate) =>
    label === undefined ? kind === 'break' || candidate.continues !== undefined : candidate.label === label,
  );
  const to = kind === 'break' ? exit?.breaks : exit?.continues;
  if (!to) f.fail('W113', place, { what: label ?? 'loop' });
  f.builder.jump(to, f.origin);
}
