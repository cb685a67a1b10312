/** Which instructions carry their source line: the first of every run from one place, as a line table wants it. */
import type { Instruction, Label, Origin } from './instruction.ts';

const isSame = (left: Origin | undefined, right: Origin | undefined): boolean =>
  left?.file === right?.file && left?.line === right?.line && left?.column === right?.column;

/** The instructions of a function with as few origins as tell the same; the first always has one, if any has. */
export function placeOrigins(body: readonly (Instruction | Label)[], keep: boolean): (Instruction | Label)[] {
  let last: Origin | undefined;
  if (keep) {
    // The kernel wants a line for the first instruction of every function.
    const some = body.find((item) => !('label' in item) && item.origin !== undefined);
    last = some && !('label' in some) ? some.origin : undefined;
  }
  let isFirst = true;
  return body.map((item) => {
    if ('label' in item) return item;
    const origin = item.origin ?? last;
    const shown = keep && origin !== undefined && (isFirst || !isSame(origin, last));
    isFirst = false;
    if (!shown) return withoutOrigin(item);
    last = origin;
    return item.origin === undefined ? { ...item, origin } : item;
  });
}

function withoutOrigin(instruction: Instruction): Instruction {
  if (instruction.origin === undefined) return instruction;
  const { origin: _origin, ...rest } = instruction;
  return rest;
}
