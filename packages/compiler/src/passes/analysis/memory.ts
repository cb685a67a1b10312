/**
 * Which bytes an access touches, and which accesses may touch the same. Pointers of different spaces never do, since the
 * verifier keeps them apart; a stack slot is only reached by pointers that come from it.
 */
import type { IrFunction, IrInstruction, Value } from '../../ir/ir.ts';
import { type Space, spaceOf } from '../../ir/type.ts';
import { type Writes, writtenBy } from './effects.ts';
import { blockAt, flowOf, remembered } from './flow.ts';
import { forEachUse } from './rewrite.ts';
import { type Values, valuesOf } from './values.ts';
import { Versions } from './versions.ts';

/** Stands for the start of the packet, to which pointers with constant offsets relate. */
export const PACKET_START = -1;

/** Bytes in memory. */
export interface Location {
  readonly space: Space | undefined;
  /** The pointer that it was found from. */
  readonly root: Value;
  /** Bytes after the root; undefined if that depends on a variable. */
  readonly start: number | undefined;
  readonly size: number;
}

/** What an instruction does to memory. */
export type Change =
  | { readonly location: Location }
  | { readonly writes: Writes; readonly passed: readonly Location[] };

/** The memory of a function. */
export interface Memory {
  readonly versions: Versions<Change>;
  /** The bytes that are `offset` bytes after a pointer. */
  locate(pointer: Value, offset: number, size: number): Location;
  /** Whether a change may be one of these bytes. */
  touches(change: Change, location: Location): boolean;
}

export const memoryOf: (fn: IrFunction) => Memory = remembered((fn) => {
  const values = valuesOf(fn);
  const placeOf = placesOf(fn, values);
  const isSlot = privateSlots(fn, placeOf);
  const locate = (pointer: Value, offset: number, size: number): Location => {
    const space = spaceOf(values.type(pointer));
    const { root, start } = placeOf(pointer);
    const sum = start === undefined ? undefined : start + offset;
    return { space: space === 'packetMeta' ? 'packet' : space, root, start: sum, size };
  };

  const changeOf = (instruction: IrInstruction): Change | undefined => {
    const [pointer = 0] = instruction.args;
    switch (instruction.op) {
      case 'store':
      case 'atomic':
        return { location: locate(pointer, instruction.offset, instruction.size) };
      case 'callHelper':
      case 'callKernel':
      case 'call': {
        const writes = writtenBy(instruction);
        if (writes === 'nothing') return undefined;
        return { writes, passed: instruction.args.map((argument) => locate(argument, 0, 0)) };
      }
      default:
        return undefined;
    }
  };

  const mayBeSame = (left: Location, right: Location): boolean => {
    if (left.space !== right.space) return false;
    if (left.root !== right.root) return !isSlot(left.root) && !isSlot(right.root);
    if (left.start === undefined || right.start === undefined) return true;
    return left.start < right.start + right.size && right.start < left.start + left.size;
  };

  const touches = (change: Change, location: Location): boolean => {
    if ('location' in change) return mayBeSame(change.location, location);
    const { writes, passed } = change;
    if (isSlot(location.root)) return writes !== 'maps' && passed.some(({ root }) => root === location.root);
    if (writes === 'anything') return true;
    if (writes === 'maps') return location.space === 'mapValue';
    return passed.some(({ space }) => space === location.space);
  };

  // Not every pass asks for them, and they are most of the work.
  let versions: Versions<Change> | undefined;
  return {
    get versions() {
      versions ??= new Versions(flowOf(fn), changeOf);
      return versions;
    },
    locate,
    touches,
  };
});

/** Where a pointer points to, seen from the one that it was computed from. */
interface Place {
  readonly root: Value;
  readonly start: number | undefined;
}

/** The places of the pointers that are computed from others. */
function placesOf(fn: IrFunction, values: Values): (pointer: Value) => Place {
  const places = new Map<Value, Place>();
  const placeOf = (pointer: Value): Place => places.get(pointer) ?? { root: pointer, start: 0 };
  const flow = flowOf(fn);
  // A pointer comes after the one that it is computed from.
  for (const node of flow.order) {
    for (const instruction of blockAt(flow, node).instructions) {
      const { id } = instruction;
      if (instruction.op === 'packetAt' && instruction.args.length === 1) {
        places.set(id, { root: PACKET_START, start: instruction.offset });
      } else if (instruction.op === 'packetBound' && instruction.bound === 'data') {
        places.set(id, { root: PACKET_START, start: 0 });
      } else if (instruction.op === 'offsetPointer') {
        const [base = 0, index = 0] = instruction.args;
        const { root, start } = placeOf(base);
        const by = values.constant(index);
        const known = by !== undefined && start !== undefined;
        places.set(id, { root, start: known ? start + Number(BigInt.asIntN(64, by)) : undefined });
      }
    }
  }
  return placeOf;
}

/**
 * The stack slots whose address is only used to access them, to compute addresses in them, and as an argument of calls;
 * helpers do not keep it.
 */
function privateSlots(fn: IrFunction, placeOf: (pointer: Value) => Place): (value: Value) => boolean {
  const slots = new Set<Value>();
  const open = new Set<Value>();
  const publish = (value: Value): void => {
    open.add(placeOf(value).root);
  };
  for (const { instructions, terminator } of fn.blocks) {
    for (const instruction of instructions) {
      const { op, args } = instruction;
      if (op === 'stackSlot') slots.add(instruction.id);
      else if (op === 'store' || op === 'atomic') args.slice(1).forEach(publish);
      else if (op === 'compare') args.forEach(publish);
    }
    forEachUse(terminator, publish);
  }
  return (value) => slots.has(value) && !open.has(value);
}
