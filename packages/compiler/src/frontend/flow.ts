/** What the checks on finished functions ask of the IR. */
import type { Edge, IrFunction, Origin, Terminator, Value } from '../ir/ir.ts';

/** Where a terminator may go. */
export function edgesOf(terminator: Terminator): readonly Edge[] {
  if (terminator.op === 'jump') return [terminator.to];
  return terminator.op === 'branch' ? [terminator.then, terminator.otherwise] : [];
}

/** The values that a terminator itself uses; what it passes on is not used yet. */
export function usesOf(terminator: Terminator): readonly Value[] {
  if (terminator.op === 'branch') return [terminator.left, terminator.right];
  return terminator.op === 'return' && terminator.value !== undefined ? [terminator.value] : [];
}

/** Where each value of a function comes from. */
export function origins({ blocks }: IrFunction): ReadonlyMap<Value, Origin> {
  const found = new Map<Value, Origin>();
  for (const { instructions } of blocks) {
    for (const { id, origin } of instructions) if (origin) found.set(id, origin);
  }
  return found;
}
