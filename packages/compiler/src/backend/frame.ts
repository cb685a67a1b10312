/**
 * Places the objects of a function below the frame pointer. Objects that are never in use at the same time share bytes: there
 * are 512 for a function and all that it calls.
 */
import { frameConflicts } from './frame-conflicts.ts';
import type { MachineFunction } from './machine.ts';

/** Where objects are, and the bytes that they take together. */
export interface Frame {
  /** By object: its offset from r10. */
  readonly offsets: readonly number[];
  readonly size: number;
  /** 8 bytes that hold nothing, by their offset from r10; they are part of the frame only once they were asked for. */
  emergency(use: 'circle' | 'lent'): number;
}

const alignUp = (size: number, alignment: number): number => Math.ceil(size / alignment) * alignment;

/** Lays out the objects that are used, the most aligned and the largest next to the frame pointer. */
export function layOutFrame(machine: MachineFunction): Frame {
  const { objects } = machine;
  const { used, conflicts } = frameConflicts(machine);
  const order = [...used].sort((a, b) => {
    const [left, right] = [objects[a], objects[b]];
    return (
      (right?.alignment ?? 0) - (left?.alignment ?? 0) || (right?.size ?? 0) - (left?.size ?? 0) || a - b
    );
  });
  /** By object: how far below r10 it starts; 0 while it has no place. */
  const depths = objects.map(() => 0);
  for (const object of order) {
    const { size, alignment } = objects[object] ?? { size: 0, alignment: 1 };
    const taken = [...(conflicts[object] ?? [])]
      .map((other) => ({ depth: depths[other] ?? 0, size: objects[other]?.size ?? 0 }))
      .filter(({ depth }) => depth > 0)
      .sort((a, b) => a.depth - b.depth);
    let depth = alignUp(size, alignment);
    for (const other of taken) {
      const overlaps = depth > other.depth - other.size && depth - size < other.depth;
      if (overlaps) depth = alignUp(other.depth + size, alignment);
    }
    depths[object] = depth;
  }
  const objectsEnd = depths.reduce((most, depth) => Math.max(most, depth), 0);
  const emergencies = { circle: alignUp(objectsEnd, 8) + 8, lent: alignUp(objectsEnd, 8) + 16 };
  let deepest = objectsEnd;
  return {
    offsets: depths.map((depth) => -depth),
    get size() {
      return deepest;
    },
    emergency(use) {
      deepest = Math.max(deepest, emergencies[use]);
      return -emergencies[use];
    },
  };
}
