/**
 * Turns `packetAt` into what the machine can do: load the bounds of the packet from the context, add, compare.
 *
 *     %5: packet? = packetAt %0 +14 size 20          %8: packet = packetBound data %0
 *     branch notEqual %5 null ? b1 : b2              %9: packetEnd = packetBound end %0
 *                                                    %5: packet = offsetPointer %8 14
 *                                                    %10: packet = offsetPointer %8 34
 *                                                    branch greater %10 %9 ? b2 : b1
 *
 * Where the pointer is only used behind the check, as here, null never exists. Otherwise the block is split, and the rest of
 * it takes the pointer or null as a parameter. The bounds are loaded once in every stretch without calls: loading them again
 * after a call is one instruction each, keeping them would take two of the four registers that survive it.
 */
import { nullCheck, nullsOf } from '../ir/checked-pointers.ts';
import {
  type BlockGraph,
  dominatorsOf,
  edgesOf,
  graphOf,
  predecessorsOf,
  reversePostorder,
} from '../ir/graph.ts';
import type { Block, BlockId, Edge, IrFunction, IrInstruction, Terminator, Value } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import type { Bound } from './packet-bounds.ts';

type PacketAt = Extract<IrInstruction, { op: 'packetAt' }>;
/** The bounds that are loaded already, by context and bound. */
type Loaded = ReadonlyMap<string, Value>;

const CALLS = ['callHelper', 'callKernel', 'call', 'tailCall'];
const boundTypes = { data: 'packet', meta: 'packetMeta', end: 'packetEnd' } as const;

/** Expands every `packetAt` of a function. */
export function expandPackets(each: IrFunction): IrFunction {
  const touched = each.blocks.some(({ instructions }) =>
    instructions.some(({ op }) => op === 'packetAt' || op === 'packetBound'),
  );
  return touched ? new Expansion(each).run() : each;
}

class Expansion {
  readonly #function: IrFunction;
  readonly #graph: BlockGraph;
  readonly #nulls: ReadonlySet<Value>;
  readonly #fused: ReadonlySet<Value>;
  /** Values that another one stands for. */
  readonly #replaced = new Map<Value, Value>();
  readonly #blocks = new Map<BlockId, Block[]>();
  #nextValue: Value;
  #nextBlock: BlockId;
  // The block that is being written.
  #id: BlockId = 0;
  #params: Block['params'] = [];
  #written: IrInstruction[] = [];
  #loaded = new Map<string, Value>();

  constructor(each: IrFunction) {
    this.#function = each;
    this.#graph = graphOf(each);
    this.#nulls = nullsOf(each);
    this.#fused = fusable(each, this.#graph, this.#nulls);
    const values = each.blocks.flatMap(({ params, instructions }) => [...params, ...instructions]);
    this.#nextValue = values.reduce((most, { id }) => Math.max(most, id), -1) + 1;
    this.#nextBlock = each.blocks.reduce((most, { id }) => Math.max(most, id), -1) + 1;
  }

  run(): IrFunction {
    const { blocks, successors } = this.#graph;
    const predecessors = predecessorsOf(successors);
    const left: (Loaded | undefined)[] = blocks.map(() => undefined);
    const calling = loopsWithCalls(this.#graph);
    for (const index of reversePostorder(successors)) {
      const block = blocks[index];
      if (!block) continue;
      this.#loaded = common(
        (predecessors[index] ?? []).map((predecessor) => left[predecessor]),
        calling.has(index),
      );
      this.#blocks.set(block.id, []);
      this.#expand(block);
      left[index] = this.#loaded;
    }
    // Blocks that cannot be reached are dropped.
    const all = blocks.flatMap(({ id }) => this.#blocks.get(id) ?? []);
    return { ...this.#function, blocks: all.map((block) => this.#rename(block)) };
  }

  #expand(block: Block): void {
    this.#begin(block.id, block.params);
    let limit: { pointer: Value; limit: Value; end: Value } | undefined;
    for (const instruction of block.instructions) {
      if (instruction.op === 'packetBound') this.#takeBound(instruction);
      else if (instruction.op !== 'packetAt') {
        this.#written.push(instruction);
        if (CALLS.includes(instruction.op)) this.#loaded = new Map();
      } else if (this.#fused.has(instruction.id)) {
        limit = { pointer: instruction.id, ...this.#bounds(instruction, instruction.id) };
      } else this.#split(block.id, instruction);
    }
    const { terminator } = block;
    const check = nullCheck(terminator, this.#nulls);
    if (limit && check && terminator.op === 'branch' && check.pointer === limit.pointer) {
      const inside = terminator[check.side];
      const outside = check.side === 'then' ? terminator.otherwise : terminator.then;
      this.#finish(block.id, compare(limit, outside, inside, terminator));
    } else this.#finish(block.id, terminator);
  }

  #begin(id: BlockId, params: Block['params']): void {
    this.#id = id;
    this.#params = params;
    this.#written = [];
  }

  #finish(original: BlockId, terminator: Terminator): void {
    const block = { id: this.#id, params: this.#params, instructions: this.#written, terminator };
    this.#blocks.get(original)?.push(block);
  }

  #add(
    like: IrInstruction,
    type: IrType,
    operation: Pick<IrInstruction, 'op'>,
    args: readonly Value[],
    id?: Value,
  ) {
    const origin = like.origin ? { origin: like.origin } : {};
    const value = id ?? this.#nextValue++;
    this.#written.push({ ...operation, id: value, type, args, ...origin } as IrInstruction);
    return value;
  }

  #constant(like: IrInstruction, type: IrType, value: number): Value {
    return this.#add(like, type, { op: 'const', value: BigInt(value) } as Pick<IrInstruction, 'op'>, []);
  }

  /** A bound that the program asks for itself. */
  #takeBound(instruction: Extract<IrInstruction, { op: 'packetBound' }>): void {
    const key = `${instruction.args[0]} ${instruction.bound}`;
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) this.#replaced.set(instruction.id, loaded);
    else {
      this.#loaded.set(key, instruction.id);
      this.#written.push(instruction);
    }
  }

  #bound(like: PacketAt, bound: Bound): Value {
    const [context = 0] = like.args;
    const key = `${context} ${bound}`;
    const loaded = this.#loaded.get(key);
    if (loaded !== undefined) return loaded;
    const operation = { op: 'packetBound', bound } as Pick<IrInstruction, 'op'>;
    const value = this.#add(like, boundTypes[bound], operation, [context]);
    this.#loaded.set(key, value);
    return value;
  }

  /** The pointer, where it would end, and where the packet does. */
  #bounds(instruction: PacketAt, pointer: Value): { limit: Value; end: Value } {
    const { offset, size, args } = instruction;
    const moved = (base: Value, by: Value, id?: Value): Value =>
      this.#add(instruction, 'packet', { op: 'offsetPointer' }, [base, by], id);
    const data = this.#bound(instruction, 'data');
    const end = this.#bound(instruction, 'end');
    // The variable part first: the verifier follows constants from there on, and the check covers all of it.
    const base = args[1] === undefined ? data : moved(data, args[1]);
    moved(base, this.#constant(instruction, 'i64', offset), pointer);
    const limit = moved(base, this.#constant(instruction, 'i64', offset + size));
    return { limit, end };
  }

  /** The rest of the block goes into one of its own, which takes the pointer or null. */
  #split(original: BlockId, instruction: PacketAt): void {
    const pointer = this.#nextValue++;
    const bounds = this.#bounds(instruction, pointer);
    const rest = this.#nextBlock++;
    const none = this.#constant(instruction, 'packet?', 0);
    const edge = (value: Value): Edge => ({ block: rest, args: [value] });
    this.#finish(original, compare(bounds, edge(none), edge(pointer), instruction));
    this.#begin(rest, [{ id: instruction.id, type: 'packet?' }]);
  }

  #rename(block: Block): Block {
    if (this.#replaced.size === 0) return block;
    const now = (value: Value): Value => this.#replaced.get(value) ?? value;
    const { terminator } = block;
    return {
      ...block,
      instructions: block.instructions.map((each) => ({ ...each, args: each.args.map(now) })),
      terminator: renameTerminator(terminator, now),
    };
  }
}

function compare(
  { limit, end }: { limit: Value; end: Value },
  then: Edge,
  otherwise: Edge,
  { origin }: Pick<IrInstruction, 'origin'>,
): Terminator {
  const condition = { comparison: 'greater', left: limit, right: end } as const;
  return { op: 'branch', ...condition, then, otherwise, ...(origin ? { origin } : {}) };
}

function renameTerminator(terminator: Terminator, now: (value: Value) => Value): Terminator {
  const edge = ({ block, args }: Edge): Edge => ({ block, args: args.map(now) });
  switch (terminator.op) {
    case 'jump':
      return { ...terminator, to: edge(terminator.to) };
    case 'branch': {
      const [left, right] = [now(terminator.left), now(terminator.right)];
      const [then, otherwise] = [edge(terminator.then), edge(terminator.otherwise)];
      return { ...terminator, left, right, then, otherwise };
    }
    case 'return':
      return { ...terminator, value: terminator.value === undefined ? undefined : now(terminator.value) };
    default:
      return terminator;
  }
}

/**
 * What all predecessors have loaded. A predecessor that is not done yet closes a loop around this block: what was loaded
 * before the loop stays so when there is no call in it.
 */
function common(predecessors: readonly (Loaded | undefined)[], inCallingLoop: boolean): Map<string, Value> {
  if (inCallingLoop && predecessors.includes(undefined)) return new Map();
  const [first, ...rest] = predecessors.filter((loaded) => loaded !== undefined);
  if (!first) return new Map();
  return new Map([...first].filter(([key, value]) => rest.every((loaded) => loaded.get(key) === value)));
}

/** The headers of loops with a call in them, and the entries of loops that have several. */
function loopsWithCalls({ blocks, successors }: BlockGraph): Set<number> {
  const { dominates } = dominatorsOf(successors);
  const predecessors = predecessorsOf(successors);
  const calls = blocks.map(({ instructions }) => instructions.some(({ op }) => CALLS.includes(op)));
  const found = new Set<number>();
  const rank = new Map(reversePostorder(successors).map((node, place) => [node, place]));
  for (const [header, from] of predecessors.entries()) {
    const backwards = from.filter((node) => (rank.get(node) ?? -1) >= (rank.get(header) ?? 0));
    if (backwards.some((node) => !dominates(header, node))) found.add(header);
    const body = new Set([header]);
    for (const work = from.filter((node) => dominates(header, node)); work.length > 0; ) {
      const node = work.pop() ?? header;
      if (body.has(node)) continue;
      body.add(node);
      work.push(...(predecessors[node] ?? []));
    }
    if (body.size > 0 && [...body].some((node) => calls[node])) found.add(header);
  }
  return found;
}

/**
 * The `packetAt`s whose only comparison is the branch at the end of their block, and which are otherwise only used where
 * that found them not null; nothing in between may move the packet.
 */
function fusable(each: IrFunction, graph: BlockGraph, nulls: ReadonlySet<Value>): Set<Value> {
  const { blocks, successors, indexOf } = graph;
  const { dominates } = dominatorsOf(successors);
  const predecessors = predecessorsOf(successors);
  const uses = usesOf(each);
  const found = new Set<Value>();
  for (const [index, { instructions, terminator }] of blocks.entries()) {
    const check = nullCheck(terminator, nulls);
    if (!check || terminator.op !== 'branch') continue;
    const place = instructions.findIndex(({ id, op }) => id === check.pointer && op === 'packetAt');
    if (place < 0) continue;
    if (instructions.slice(place).some((later) => 'kills' in later && later.kills)) continue;
    const inside = indexOf.get(terminator[check.side].block) ?? -1;
    const edges = predecessors[inside] ?? [];
    const ours = edges.length === 1 && edges[0] === index;
    const good = (uses.get(check.pointer) ?? []).every(({ block, edge }) => {
      if (block === index) return edge === 'comparison' || edge === check.side;
      return ours && dominates(inside, block);
    });
    if (good) found.add(check.pointer);
  }
  return found;
}

interface Use {
  readonly block: number;
  /** Where in the block: an instruction, the comparison of its terminator, or one of its edges. */
  readonly edge: 'instruction' | 'comparison' | 'then' | 'otherwise' | 'other';
}

function usesOf({ blocks }: IrFunction): Map<Value, Use[]> {
  const uses = new Map<Value, Use[]>();
  const add = (value: Value, block: number, edge: Use['edge']): void => {
    const list = uses.get(value);
    if (list) list.push({ block, edge });
    else uses.set(value, [{ block, edge }]);
  };
  for (const [block, { instructions, terminator }] of blocks.entries()) {
    for (const { args } of instructions) for (const value of args) add(value, block, 'instruction');
    if (terminator.op === 'branch') {
      add(terminator.left, block, 'comparison');
      add(terminator.right, block, 'comparison');
      for (const value of terminator.then.args) add(value, block, 'then');
      for (const value of terminator.otherwise.args) add(value, block, 'otherwise');
    } else {
      for (const { args } of edgesOf(terminator)) for (const value of args) add(value, block, 'other');
      if (terminator.op === 'return' && terminator.value !== undefined) add(terminator.value, block, 'other');
    }
  }
  return uses;
}
