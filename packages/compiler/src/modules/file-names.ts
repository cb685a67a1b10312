/**
 * What source files are called in a program: as seen from the folder of its module (`count.bpf.ts`, `../lib/hash.ts`), so that
 * the same source makes the same program on every machine.
 */
import { dirname, relative, sep } from 'node:path';
import type { IrProgram, Origin } from '../ir/ir.ts';
import type { LoadedModule } from './load.ts';

/** The program with its source files named from the folder of a module. */
export function nameFiles(program: IrProgram, module: LoadedModule): IrProgram {
  const folder = dirname(module.path);
  const rename = <T extends { readonly origin?: Origin }>(item: T): T => {
    if (!item.origin) return item;
    const file = relative(folder, item.origin.file).split(sep).join('/');
    return { ...item, origin: { ...item.origin, file } };
  };
  const functions = program.functions.map((fn) => ({
    ...fn,
    blocks: fn.blocks.map((block) => ({
      ...block,
      instructions: block.instructions.map(rename),
      terminator: rename(block.terminator),
    })),
  }));
  return { ...program, functions };
}
