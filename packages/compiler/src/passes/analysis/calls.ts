/** Who calls whom. */
import type { IrFunction, IrProgram } from '../../ir/ir.ts';

/** The functions that a function calls, or whose address it takes, once for every place where it does. */
export function namedFunctions({ blocks }: IrFunction): string[] {
  const names: string[] = [];
  for (const { instructions } of blocks) {
    for (const instruction of instructions) {
      if (instruction.op === 'call' || instruction.op === 'functionReference')
        names.push(instruction.function);
    }
  }
  return names;
}

/** The functions that the program can get to from its entry, which is the first one. */
export function usedFunctions({ functions }: IrProgram): ReadonlySet<string> {
  const byName = new Map(functions.map((fn) => [fn.name, fn]));
  const used = new Set(functions.slice(0, 1).map(({ name }) => name));
  for (const name of used) {
    const fn = byName.get(name);
    if (fn !== undefined) for (const called of namedFunctions(fn)) used.add(called);
  }
  return used;
}
