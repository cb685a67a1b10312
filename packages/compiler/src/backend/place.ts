/**
 * Puts the blocks of a function into an order and joins them by jumps. Blocks that follow each other most often stand behind
 * each other (Pettis and Hansen, "Profile guided code positioning", 1990), which also turns loops so that their test stands
 * at the end. Before that, jumps to blocks without instructions go to where those lead, and of equal blocks one stays.
 */
import type { Comparison } from '../ir/ir.ts';
import { negations } from '../ir/operators.ts';
import { type EmittedBlock, type End, jumps } from './emit.ts';
import { at, goto, type Instruction, type Label, label } from './instruction.ts';

/** The instructions of a function in their final order. `name` makes its labels differ from those of others. */
export function place(emitted: readonly EmittedBlock[], name: string): (Instruction | Label)[] {
  const blocks = simplify(emitted);
  const order = arrange(blocks);
  const labelOf = (block: number): string => `${name}:${block}`;
  const written: (Instruction | Label)[] = [];
  for (const [position, index] of order.entries()) {
    const block = blocks[index];
    if (!block) continue;
    written.push(label(labelOf(index)), ...block.items, ...ending(block.end, order[position + 1], labelOf));
  }
  const targets = new Set(written.map((item) => ('target' in item ? item.target : undefined)));
  return written.filter((item) => !('label' in item) || targets.has(item.label));
}

/** The jumps at the end of a block. */
function ending(end: End, next: number | undefined, labelOf: (block: number) => string): Instruction[] {
  if (end.kind === 'exit') return [];
  const { origin } = end;
  const from = (instruction: Instruction): Instruction => (origin ? at(instruction, origin) : instruction);
  if (end.kind === 'goto') return end.to === next ? [] : [from(goto(labelOf(end.to)))];
  const { comparison, width, left, right, late, then, otherwise } = end;
  const conditional = (which: Comparison, to: number): Instruction =>
    from({ ...jumps(width)[which](left, right, labelOf(to)), ...(late === undefined ? {} : { late }) });
  if (then === next && comparison !== 'bitSet') return [conditional(negations[comparison], otherwise)];
  const first = conditional(comparison, then);
  return otherwise === next ? [first] : [first, from(goto(labelOf(otherwise)))];
}

const targetsOf = (end: End): readonly number[] =>
  end.kind === 'exit' ? [] : end.kind === 'goto' ? [end.to] : [end.then, end.otherwise];

/** The same end with other targets; a branch of which both sides lead to one block is none. */
function redirect(end: End, to: (block: number) => number): End {
  if (end.kind === 'exit') return end;
  if (end.kind === 'goto') return { ...end, to: to(end.to) };
  const [then, otherwise] = [to(end.then), to(end.otherwise)];
  if (then === otherwise) return { kind: 'goto', to: then, origin: end.origin };
  return { ...end, then, otherwise };
}

/** Threads jumps through empty blocks and merges equal ones, until neither finds anything. */
function simplify(emitted: readonly EmittedBlock[]): EmittedBlock[] {
  let blocks = [...emitted];
  for (let before = -1; ; ) {
    const standsFor = equals(blocks);
    const final = (block: number): number => {
      const seen = new Set<number>();
      for (let now = standsFor[block] ?? block; ; ) {
        const { items, end } = blocks[now] ?? { items: [], end: { kind: 'exit' } as const };
        // An endless loop of empty blocks leads nowhere else.
        if (items.length > 0 || end.kind !== 'goto' || seen.has(now)) return now;
        seen.add(now);
        now = standsFor[end.to] ?? end.to;
      }
    };
    blocks = blocks.map((block) => inlineExit({ ...block, end: redirect(block.end, final) }, blocks));
    const reached = reachable(blocks).size;
    if (reached === before) return blocks;
    before = reached;
  }
}

/** A jump to an `exit` is one itself. */
function inlineExit(block: EmittedBlock, blocks: readonly EmittedBlock[]): EmittedBlock {
  const target = block.end.kind === 'goto' ? blocks[block.end.to] : undefined;
  if (target?.end.kind !== 'exit' || target.items.length !== 1) return block;
  return { ...block, items: [...block.items, ...target.items], end: target.end };
}

/** By block: the first that does the same. */
function equals(blocks: readonly EmittedBlock[]): number[] {
  const first = new Map<string, number>();
  const hashes = blocks.map(hashOf);
  const alike = new Map<number, number>();
  for (const hash of hashes) alike.set(hash, (alike.get(hash) ?? 0) + 1);
  return blocks.map(({ items, end }, index) => {
    // Few have the hash of another one, and only these are looked at closely.
    if (index === 0 || alike.get(hashes[index] ?? 0) === 1) return index;
    if (items.some((item) => 'label' in item)) return index;
    const key = `${items.map(textOf).join(' ')} ${endText(end)}`;
    const known = first.get(key);
    if (known === undefined) first.set(key, index);
    return known ?? index;
  });
}

/** A number that is the same for blocks that do the same. */
function hashOf({ items, end }: EmittedBlock): number {
  let hash = end.kind === 'branch' ? end.then * 31 + end.otherwise : end.kind === 'goto' ? end.to : -1;
  for (const item of items) {
    if ('label' in item) continue;
    const { opcode, destination, source, offset, immediate } = item;
    hash =
      (Math.imul(hash, 31) + (opcode ^ (destination << 8) ^ (source << 12) ^ (offset << 16)) + immediate) | 0;
  }
  return hash;
}

/** Everything about an instruction but where it comes from. */
function textOf(item: Instruction | Label): string {
  if ('label' in item) return item.label;
  const { opcode, destination, source, offset, immediate, wide, reference, target, kernelFunction, field } =
    item;
  const number = item.late === undefined ? immediate : `late ${item.late}`;
  const rare = wide ?? target ?? kernelFunction ?? '';
  const names = reference ?? field;
  const more = names === undefined ? '' : JSON.stringify(names);
  return `${opcode},${destination},${source},${offset},${number},${rare}${more}`;
}

function endText(end: End): string {
  if (end.kind === 'exit') return 'exit';
  if (end.kind === 'goto') return `goto ${end.to}`;
  const { comparison, width, left, right, late, then, otherwise } = end;
  const immediate = late === undefined ? right : `late ${late}`;
  const second = typeof immediate === 'object' ? `r${immediate.register}` : immediate;
  return `${comparison} ${width} ${left.register} ${second} ${then} ${otherwise}`;
}

function reachable(blocks: readonly EmittedBlock[]): Set<number> {
  const reached = new Set([0]);
  for (const index of reached) {
    const end = blocks[index]?.end;
    if (end) for (const target of targetsOf(end)) reached.add(target);
  }
  return reached;
}

/** The order of the blocks that can be reached, the entry first. */
function arrange(blocks: readonly EmittedBlock[]): number[] {
  const reached = [...reachable(blocks)].sort((a, b) => a - b);
  const chainOf = new Map(reached.map((block) => [block, [block]]));
  for (const { from, to } of wishes(blocks, reached)) {
    const [before, after] = [chainOf.get(from), chainOf.get(to)];
    if (!before || !after || before === after || to === 0) continue;
    if (before[before.length - 1] !== from || after[0] !== to) continue;
    before.push(...after);
    for (const block of after) chainOf.set(block, before);
  }
  return [...new Set(chainOf.values())].flat();
}

/** Which block should stand behind which, the most important first. */
function wishes(blocks: readonly EmittedBlock[], reached: readonly number[]) {
  const frequencyOf = (block: number): number => blocks[block]?.frequency ?? 0;
  const list = reached.flatMap((from) => {
    const end = blocks[from]?.end ?? { kind: 'exit' };
    const frequency = frequencyOf(from);
    if (end.kind === 'exit') return [];
    // A goto costs an instruction wherever its target does not follow, a branch only where neither side does.
    if (end.kind === 'goto')
      return [{ from, to: end.to, weight: 2 * Math.min(frequency, frequencyOf(end.to)) }];
    const likely = likelySide(end, blocks);
    // `bitSet` has no opposite, so only its other side can follow.
    const sides = end.comparison === 'bitSet' ? [end.otherwise] : [end.then, end.otherwise];
    return sides.map((to) => ({
      from,
      to,
      weight: Math.min(frequency, frequencyOf(to)) * (to === likely ? 1 : 0.5),
    }));
  });
  return list.sort((a, b) => b.weight - a.weight);
}

/** The side of a branch that goes on, rather than to a block where the function ends. */
function likelySide(end: Extract<End, { kind: 'branch' }>, blocks: readonly EmittedBlock[]): number {
  return isLast(end.then, blocks) && !isLast(end.otherwise, blocks) ? end.otherwise : end.then;
}

function isLast(block: number, blocks: readonly EmittedBlock[]): boolean {
  const end = blocks[block]?.end;
  if (end?.kind === 'goto') return blocks[end.to]?.end.kind === 'exit';
  return end?.kind === 'exit';
}
