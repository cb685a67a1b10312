/**
 * The last steps before code: a program as it was built knows neither the values of its configs nor the kernel that it will
 * run in. Here it gets both, and is optimised with them: code that they rule out is gone, and so are the maps that
 * only that code used. Everything is pure, and quick enough to be done at each load.
 */
import { type Config, configValues, WaggleError } from '@waggle/bpf';
import type { Btf } from '../btf/btf.ts';
import type { IrProgram } from '../ir/ir.ts';
import { type ConfigValues, optimize, specialize } from '../passes/index.ts';
import { readsFields, withFieldOffsets, withFieldTests } from './kernel-fields.ts';
import { withRegisters } from './probe-registers.ts';

/** Values of configs: by the name of the config, then of the field. */
export type GivenConfigs = Readonly<Record<string, Readonly<Record<string, number | bigint | boolean>>>>;

/** The declarations of the configs of a program, by the names that it has for them. */
export type Configs = Readonly<Record<string, Config<unknown>>>;

/** Where a program will run, and how it is optimised for that. */
export interface KernelOptions {
  /** Names of passes to leave out. */
  readonly without?: readonly string[];
  /** The BTF of the kernel, asked for only when needed; without it, offsets of fields are left to the loader of the code. */
  readonly kernel?: () => Btf;
  /** The machine, as `process.arch` calls it, which is the default. */
  readonly machine?: string;
}

/** What a program is finished with. */
export interface FinishOptions extends KernelOptions {
  /** Values of every config that the program reads. */
  readonly config?: GivenConfigs;
}

/**
 * Finishes a program.
 * @param name what messages call it.
 * @param configs the declarations of its configs, by the names that it has for them.
 * @throws WaggleError MISSING_FIELD for a config without values; WRONG_TYPE, OUT_OF_RANGE, UNKNOWN_FIELD or MISSING_FIELD
 *   for values that are not those declared; NOT_SUPPORTED for fields that the kernel lacks or has in another size.
 */
export function finishProgram(
  name: string,
  program: IrProgram,
  configs: Configs,
  { config = {}, ...options }: FinishOptions = {},
): IrProgram {
  const values = checkedConfigs(name, configs, config);
  return finishForKernel(name, specialize(program, values), options);
}

/**
 * Gives a program that has the values of its configs the offsets of the kernel, and optimises it.
 * @throws WaggleError NOT_SUPPORTED as {@link finishProgram}
 */
export function finishForKernel(
  name: string,
  program: IrProgram,
  { without = [], kernel, machine = process.arch }: KernelOptions,
): IrProgram {
  const special = withRegisters(name, program, machine);
  if (!kernel || !readsFields(special)) return optimize(special, { without });
  const btf = kernel();
  // Code that the config, or a test for a field, rules out may read fields that this kernel lacks.
  const possible = optimize(withFieldTests(special, btf), { without });
  return optimize(withFieldOffsets(name, possible, btf), { without });
}

/**
 * Checks the values of all configs of a program.
 * @throws WaggleError MISSING_FIELD and others as {@link finishProgram}
 */
export function checkedConfigs(name: string, configs: Configs, given: GivenConfigs): ConfigValues {
  return new Map(
    Object.entries(configs).map(([key, declaration]) => [key, checked(name, key, declaration, given[key])]),
  );
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
