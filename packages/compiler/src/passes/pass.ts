/** What a pass is: a program in, an equivalent program out, and the very same object when there was nothing to do. */
import type { IrFunction, IrProgram } from '../ir/ir.ts';
import { mapSame } from './analysis/rewrite.ts';

/** A transformation that keeps what a program does. */
export interface Pass {
  /** The name by which it is switched off. */
  readonly name: string;
  /** Returns the program itself if nothing changed. */
  run(program: IrProgram): IrProgram;
}

/** A pass that looks at one function at a time; `run` returns the function itself if nothing changed. */
export function functionPass(name: string, run: (fn: IrFunction, program: IrProgram) => IrFunction): Pass {
  return {
    name,
    run: (program) =>
      withFunctions(
        program,
        mapSame(program.functions, (fn) => run(fn, program)),
      ),
  };
}

/** The program with these functions, or itself if they are the ones it has. */
export const withFunctions = (program: IrProgram, functions: readonly IrFunction[]): IrProgram =>
  functions === program.functions ? program : { ...program, functions };
