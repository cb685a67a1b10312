/** Which maps a program still refers to, so that maps which only dropped code refers to need not exist. */
import type { IrProgram } from '../ir/ir.ts';

/** The names of the maps that the instructions of a program name. */
export function usedMaps(program: IrProgram): ReadonlySet<string> {
  const maps = new Set<string>();
  for (const { blocks } of program.functions) {
    for (const { instructions } of blocks) {
      for (const instruction of instructions) {
        if (instruction.op === 'mapReference' || instruction.op === 'mapValueReference')
          maps.add(instruction.map);
      }
    }
  }
  return maps;
}
