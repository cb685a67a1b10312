/**
 * Merges the bounds checks of a packet. Behind a successful check of bytes 0 … 33 there is no need to check bytes 14 … 33
 * again, and where a check of bytes 0 … 13 is followed by one of bytes 14 … 33, and everything that can go wrong from the
 * one to the other ends in the same way, one check of all 34 bytes does for both.
 *
 *     %1: packet? = packetAt %0 +0 size 14          %1: packet? = packetAt %0 +0 size 34
 *     branch notEqual %1 null ? b1 : b9             branch notEqual %1 null ? b1 : b9
 *     b1: … branch equal %4 8 ? b2 : b9       =>    b1: … branch equal %4 8 ? b2 : b9
 *     b2: %5: packet? = packetAt %0 +14 size 20     b2: %5: packet = offsetPointer %1 14
 *     branch notEqual %5 null ? b3 : b9             jump b3
 */
import type { Block, Edge, IrFunction, IrInstruction, IrProgram, Terminator, Value } from '../ir/ir.ts';
import { hasEffect, movesPacket } from './analysis/effects.ts';
import { blockAt, type Flow, flowOf, walkDominators } from './analysis/flow.ts';
import { constant, forEachUse, jumpTo, mapBlocks, withParts } from './analysis/rewrite.ts';
import { type Values, valuesOf } from './analysis/values.ts';
import { Versions } from './analysis/versions.ts';
import { functionPass, type Pass } from './pass.ts';

/** Merging of packet bounds checks. */
export const guards: Pass = functionPass('guards', (fn, program) => new Merging(fn, program).run());

type PacketAt = IrInstruction & { readonly op: 'packetAt' };

/** A check of the packet that the way to the current block has passed. */
interface Guard {
  readonly pointer: PacketAt;
  /** Where it failed to. */
  readonly failure: Edge;
  /** The node that it succeeded to. */
  readonly success: number;
  /** Bytes that are there, counted from the pointer; grows when checks are merged into this one. */
  size: number;
}

/** Longest way from one check to another that it is merged with, in blocks. */
const MAX_WAY = 16;
/** Past checks that are compared with a new one; what is farther back seldom fits. */
const MAX_GUARDS = 8;
/** No packet pointer has a larger offset (MAX_PACKET_OFF in kernel/bpf/verifier.c). */
const MAX_EXTENT = 0xffff;

class Merging {
  readonly #fn: IrFunction;
  readonly #flow: Flow;
  readonly #values: Values;
  readonly #places: Versions<true>;
  /** The nodes that use each check, as often as they use it. */
  readonly #usedIn = new Map<Value, number[]>();
  readonly #passed: Guard[] = [];
  readonly #sizes = new Map<Value, number>();
  /** Checks that are part of others, with the pointer that they are computed from and the bytes between. */
  readonly #merged = new Map<Value, { readonly base: Value; readonly by: number }>();

  constructor(fn: IrFunction, program: IrProgram) {
    this.#fn = fn;
    this.#flow = flowOf(fn);
    this.#values = valuesOf(fn);
    this.#places = new Versions(this.#flow, (instruction) => movesPacket(instruction, program) || undefined);
    for (const [node, { instructions, terminator }] of fn.blocks.entries()) {
      const use = (value: Value): void => this.#noteUse(value, node);
      for (const { args } of instructions) args.forEach(use);
      forEachUse(terminator, use);
    }
  }

  #noteUse(value: Value, node: number): void {
    if (this.#values.definition(value)?.op !== 'packetAt') return;
    const nodes = this.#usedIn.get(value);
    if (nodes === undefined) this.#usedIn.set(value, [node]);
    else nodes.push(node);
  }

  run(): IrFunction {
    const depths: number[] = [];
    walkDominators(this.#flow, {
      enter: (node) => {
        depths.push(this.#passed.length);
        const guard = this.#guardBefore(node);
        if (guard !== undefined) this.#passed.push(guard);
        for (const instruction of blockAt(this.#flow, node).instructions) {
          if (instruction.op === 'packetAt') this.#merge(instruction, node);
        }
      },
      leave: () => {
        this.#passed.length = depths.pop() ?? 0;
      },
    });
    return this.#merged.size === 0 ? this.#fn : this.#rewrite();
  }

  /** The check that leads to a node, if that is the only way there. */
  #guardBefore(node: number): Guard | undefined {
    const check = this.#checkBefore(node);
    if (check === undefined || this.#merged.has(check.pointer.id)) return undefined;
    return { ...check, success: node, size: check.pointer.size };
  }

  #checkBefore(node: number): { pointer: PacketAt; failure: Edge } | undefined {
    const [predecessor, another] = this.#flow.predecessors[node] ?? [];
    if (predecessor === undefined || another !== undefined || node === 0) return undefined;
    const { terminator } = blockAt(this.#flow, predecessor);
    const check = checkOf(terminator, this.#values);
    return check?.success.block === this.#fn.blocks[node]?.id ? check : undefined;
  }

  /** Makes a check part of one that was passed, if there is a fitting one. */
  #merge(pointer: PacketAt, node: number): void {
    for (const guard of this.#passed.slice(-MAX_GUARDS).reverse()) {
      const first = guard.pointer;
      if (first.args[0] !== pointer.args[0] || first.args[1] !== pointer.args[1]) continue;
      const by = pointer.offset - first.offset;
      if (by < 0 || !this.#samePlace(first, pointer)) continue;
      const end = by + pointer.size;
      if (end > guard.size) {
        if (end + first.offset > MAX_EXTENT || !this.#canGrow(guard, pointer, node)) continue;
        guard.size = end;
        this.#sizes.set(first.id, end);
      }
      this.#merged.set(pointer.id, { base: first.id, by });
      return;
    }
  }

  #samePlace(first: PacketAt, second: PacketAt): boolean {
    return this.#places.unchanged(this.#places.before(first.id), this.#places.before(second.id), () => true);
  }

  /**
   * Whether a check can be made together with an earlier one: on the way from there to the failure of this one nothing happens
   * that anybody sees, and whoever leaves the way ends where both checks fail to.
   */
  #canGrow({ pointer, failure, success }: Guard, second: PacketAt, node: number): boolean {
    const last = checkOf(blockAt(this.#flow, node).terminator, this.#values);
    if (last?.pointer !== second || !this.#sameEnd(last.failure, failure)) return false;
    if (!this.#onlyUsedBehind(pointer.id, success)) return false;
    let at = node;
    for (let steps = 0; steps < MAX_WAY; steps++) {
      if (blockAt(this.#flow, at).instructions.some(hasEffect)) return false;
      if (at === success) return true;
      const [predecessor, another] = this.#flow.predecessors[at] ?? [];
      if (predecessor === undefined || another !== undefined) return false;
      if (!this.#leadsTo(predecessor, at, failure)) return false;
      at = predecessor;
    }
    return false;
  }

  /** Whether a block goes to `next`, or else to where the checks fail. */
  #leadsTo(node: number, next: number, failure: Edge): boolean {
    const { terminator } = blockAt(this.#flow, node);
    if (terminator.op !== 'branch') return true;
    const { then, otherwise } = terminator;
    return this.#sameEnd(then.block === this.#fn.blocks[next]?.id ? otherwise : then, failure);
  }

  #sameEnd(left: Edge, right: Edge): boolean {
    return (
      left.block === right.block &&
      left.args.every((value, index) => this.#sameValue(value, right.args[index] ?? -1))
    );
  }

  #sameValue(left: Value, right: Value): boolean {
    const constant = this.#values.constant(left);
    return left === right || (constant !== undefined && constant === this.#values.constant(right));
  }

  /** Whether nobody but the branch learns if the check succeeded: all other uses are behind it. */
  #onlyUsedBehind(pointer: Value, success: number): boolean {
    const elsewhere = (this.#usedIn.get(pointer) ?? []).filter(
      (node) => !this.#flow.dominators.dominates(success, node),
    );
    return elsewhere.length === 1;
  }

  #rewrite(): IrFunction {
    let next = this.#values.count;
    return mapBlocks(this.#fn, (block) => {
      const instructions = block.instructions.flatMap((instruction) => {
        const size = this.#sizes.get(instruction.id);
        if (size !== undefined && instruction.op === 'packetAt') return [{ ...instruction, size }];
        const merged = this.#merged.get(instruction.id);
        if (merged === undefined) return [instruction];
        const distance = constant(next++, 'i64', BigInt(merged.by));
        return [distance, behind(instruction, merged.base, distance.id)];
      });
      return withParts(block, instructions, this.#answered(block));
    });
  }

  /** The terminator of a block, which need not ask for the success of a merged check. */
  #answered({ terminator }: Block): Terminator {
    const check = checkOf(terminator, this.#values);
    return check !== undefined && this.#merged.has(check.pointer.id)
      ? jumpTo(check.success, terminator)
      : terminator;
  }
}

/** The check of a packet that a terminator decides on. */
function checkOf(
  terminator: Terminator,
  values: Values,
): { pointer: PacketAt; success: Edge; failure: Edge } | undefined {
  if (terminator.op !== 'branch' || values.constant(terminator.right) !== 0n) return undefined;
  const pointer = values.definition(terminator.left);
  if (pointer?.op !== 'packetAt') return undefined;
  const { comparison, then, otherwise } = terminator;
  if (then.block === otherwise.block) return undefined;
  if (comparison === 'notEqual') return { pointer, success: then, failure: otherwise };
  return comparison === 'equal' ? { pointer, success: otherwise, failure: then } : undefined;
}

/** A pointer some bytes behind another one, in place of a check. */
function behind({ id, origin }: IrInstruction, base: Value, distance: Value): IrInstruction {
  const operation = { op: 'offsetPointer', id, type: 'packet', args: [base, distance] } as const;
  return origin === undefined ? operation : { ...operation, origin };
}
