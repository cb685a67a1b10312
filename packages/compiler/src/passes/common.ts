/**
 * Computes nothing twice: an instruction that equals one which runs before it on every path gives way to that one. Pointers
 * into the packet are shared until a call moves the packet.
 *
 * What the verifier knows of a value grows when a branch compares it, but what was computed from the value before does not
 * grow along. So `x * 4` behind a check of `x` is another computation than `x * 4` in front of it.
 */
import type { IrInstruction, Terminator, Value } from '../ir/ir.ts';
import { isCommutative } from '../ir/operators.ts';
import { isInteger } from '../ir/type.ts';
import { isBinary, normalize } from './analysis/arithmetic.ts';
import { isPure, movesPacket } from './analysis/effects.ts';
import { blockAt, type Flow, flowOf, ScopedTable, walkDominators } from './analysis/flow.ts';
import {
  filterSame,
  mapArguments,
  mapBlocks,
  Replacements,
  substitute,
  withParts,
} from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { Versions } from './analysis/versions.ts';
import { functionPass, type Pass } from './pass.ts';

/** Common subexpression elimination, by numbering values along the dominator tree. */
export const common: Pass = functionPass('common', (fn, program) => {
  const flow = flowOf(fn);
  const places = new Versions(flow, (instruction) => movesPacket(instruction, program) || undefined);
  const known = new ScopedTable<string, Value>();
  const replacements = new Replacements();
  const current = (value: Value): Value => replacements.of(value);
  const checks = new Checks(flow, valuesOf(fn), current);

  walkDominators(flow, {
    enter: (node) => {
      known.enter();
      checks.enter(node);
      for (const original of blockAt(flow, node).instructions) {
        const inPacket = original.op === 'packetAt' || original.op === 'packetBound';
        if (!inPacket && !isPure(original)) continue;
        const instruction = mapArguments(original, current);
        const key = keyOf(instruction, checks);
        const before = known.get(key);
        const same =
          before !== undefined &&
          (!inPacket || places.unchanged(places.before(before), places.before(original.id), () => true));
        if (same) replacements.set(original.id, before);
        else known.set(key, original.id);
      }
    },
    leave: () => {
      known.leave();
      checks.leave();
    },
  });
  if (replacements.size === 0) return fn;
  const without = mapBlocks(fn, (block) =>
    withParts(
      block,
      filterSame(block.instructions, ({ id }) => !replacements.has(id)),
      block.terminator,
    ),
  );
  return substitute(without, replacements);
});

/** What two instructions have in common that compute the same. */
function keyOf(instruction: IrInstruction, checks: Checks): string {
  const { op, type } = instruction;
  const args = instruction.args.map((value) => checks.name(value));
  if (isBinary(op) && isCommutative(op)) args.sort();
  const operands = `${op} ${type} ${args.join(' ')}`;
  switch (instruction.op) {
    case 'const':
      return `${operands} ${normalize(type, instruction.value)}`;
    case 'config':
      return `${operands} ${JSON.stringify([instruction.config, instruction.field])}`;
    case 'compare':
      return `${operands} ${instruction.comparison}`;
    case 'signExtend':
    case 'swapBytes':
      return `${operands} ${instruction.bits}`;
    case 'packetBound':
      return `${operands} ${instruction.bound}`;
    case 'packetAt':
      return `${operands} ${instruction.offset} ${instruction.size}`;
    case 'mapReference':
      return `${operands} ${instruction.map}`;
    case 'mapValueReference':
      return `${operands} ${instruction.offset} ${instruction.map}`;
    case 'functionReference':
      return `${operands} ${instruction.function}`;
    case 'fieldOffset':
      return `${operands} ${JSON.stringify([instruction.struct, instruction.path, instruction.size, instruction.narrow])}`;
    case 'fieldExists':
      return `${operands} ${JSON.stringify([instruction.struct, instruction.path])}`;
    case 'registerOffset':
      return `${operands} ${instruction.holds}`;
    default:
      return operands;
  }
}

/** Names of values that change where a branch has compared them. */
class Checks {
  readonly #flow: Flow;
  readonly #values: Values;
  readonly #current: (value: Value) => Value;
  readonly #checkedAt = new ScopedTable<Value, number>();
  /** The values that were compared on the way from its immediate dominator to each node. */
  readonly #compared: ReadonlySet<Value>[] = [];

  constructor(flow: Flow, values: Values, current: (value: Value) => Value) {
    this.#flow = flow;
    this.#values = values;
    this.#current = current;
  }

  enter(node: number): void {
    this.#checkedAt.enter();
    const compared = this.#comparedBefore(node);
    this.#compared[node] = compared;
    for (const value of compared) this.#checkedAt.set(value, node);
  }

  leave(): void {
    this.#checkedAt.leave();
  }

  name(value: Value): string {
    const node = this.#checkedAt.get(value);
    return node === undefined ? String(value) : `${value}@${node}`;
  }

  #comparedBefore(node: number): ReadonlySet<Value> {
    const { dominators, predecessors, successors } = this.#flow;
    const compared = new Set<Value>();
    // Nobody asks in an exit that all the function leads to; it would take long to find out there.
    const computes = blockAt(this.#flow, node).instructions.some(({ args }) => args.length > 0);
    if (!computes && successors[node]?.length === 0) return compared;
    const top = dominators.immediate[node];
    const seen = new Set<number>();
    for (const predecessor of predecessors[node] ?? []) {
      this.#addOperands(blockAt(this.#flow, predecessor).terminator, compared);
      for (let at = predecessor; at !== top && at > 0 && !seen.has(at); at = dominators.immediate[at] ?? 0) {
        seen.add(at);
        for (const value of this.#compared[at] ?? []) compared.add(value);
      }
    }
    return compared;
  }

  #addOperands(terminator: Terminator, compared: Set<Value>): void {
    if (terminator.op !== 'branch') return;
    for (const value of [terminator.left, terminator.right]) {
      const fixed = !isInteger(this.#values.type(value)) || this.#values.constant(value) !== undefined;
      if (!fixed) compared.add(this.#current(value));
    }
  }
}
