/**
 * The last steps before code: a program as it was built knows neither the values of its configs nor the kernel that it will
 * run in. Here it gets both, and is optimised with them: code that they rule out is gone, and so are the maps that
 * only that code used. Everything is pure, and quick enough to be done at each load.
 */
import { type Config, configValues, WaggleError } from '@waggle/bpf';
import type { IrInstruction, IrProgram } from '../ir/ir.ts';
import { optimize, specialize } from '../passes/index.ts';

/** Values of configs: by the name of the config, then of the field. */
export type GivenConfigs = Readonly<Record<string, Readonly<Record<string, number | bigint | boolean>>>>;

/** What a program is finished with. */
export interface FinishOptions {
  /** Values of every config that the program reads. */
  readonly config?: GivenConfigs;
  /** Names of passes to leave out. */
  readonly without?: readonly string[];
  /** The byte offset of a member in a struct of the kernel; without it, these are left to the loader of the code. */
  readonly fieldOffset?: (struct: string, path: string) => number;
}

/**
 * Finishes a program.
 * @param name what messages call it.
 * @param configs the declarations of its configs, by the names that it has for them.
 * @throws WaggleError MISSING_FIELD for a config without values; WRONG_TYPE, OUT_OF_RANGE, UNKNOWN_FIELD or MISSING_FIELD
 *   for values that are not those declared.
 */
export function finishProgram(
  name: string,
  program: IrProgram,
  configs: Readonly<Record<string, Config<unknown>>>,
  { config = {}, without = [], fieldOffset }: FinishOptions = {},
): IrProgram {
  const values = new Map(
    Object.entries(configs).map(([key, declaration]) => [key, checked(name, key, declaration, config[key])]),
  );
  const known = fieldOffset ? withFieldOffsets(program, fieldOffset) : program;
  return optimize(specialize(known, values), { without });
}

function checked(
  program: string,
  name: string,
  declaration: Config<unknown>,
  given: GivenConfigs[string] | undefined,
): GivenConfigs[string] {
  if (given === undefined) {
    throw new WaggleError('MISSING_FIELD', `program "${program}" needs the values of its config "${name}"`, {
      hint: `Give them when it is loaded: { config: { ${name}: { … } } }`,
    });
  }
  return configValues(declaration as Config<GivenConfigs[string]>, given);
}

/** The program with each offset into a kernel struct as a constant. */
function withFieldOffsets(
  program: IrProgram,
  fieldOffset: (struct: string, path: string) => number,
): IrProgram {
  const replace = (instruction: IrInstruction): IrInstruction => {
    if (instruction.op !== 'fieldOffset') return instruction;
    const { op, struct, path, ...rest } = instruction;
    return { ...rest, op: 'const', value: BigInt(fieldOffset(struct, path)) };
  };
  const functions = program.functions.map((fn) => ({
    ...fn,
    blocks: fn.blocks.map((block) => ({ ...block, instructions: block.instructions.map(replace) })),
  }));
  return { ...program, functions };
}
