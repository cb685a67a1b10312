/**
 * Puts the values of configs into a program as constants, when it is loaded. The passes that run afterwards drop the code
 * that these values rule out.
 *
 *     %2: i32 = config settings udp          =>    %2: i32 = const 0
 */
import { WaggleError } from '@waggle/bpf';
import type { IrInstruction, IrProgram } from '../ir/ir.ts';
import type { IrType } from '../ir/type.ts';
import { normalize, widthOf } from './analysis/arithmetic.ts';
import { constant, mapBlocks, mapSame, withParts } from './analysis/rewrite.ts';
import { withFunctions } from './pass.ts';

/** The values of configs by their names in the program, and by field. */
export type ConfigValues = ReadonlyMap<string, Readonly<Record<string, number | bigint | boolean>>>;

type ReadConfig = IrInstruction & { readonly op: 'config' };

/**
 * Replaces `config` operations by the constants that are given for them: all, or those that are chosen. A value is the
 * number meant; for a field in network order the program swaps its bytes itself, and folding leaves nothing of that.
 * @throws WaggleError MISSING_FIELD for a value that the program reads and nobody gives, OUT_OF_RANGE for one that does not
 * fit its type, WRONG_TYPE for one that is no integer.
 */
export function specialize(
  program: IrProgram,
  values: ConfigValues,
  isChosen: (instruction: ReadConfig) => boolean = () => true,
): IrProgram {
  const replace = (instruction: IrInstruction): IrInstruction =>
    instruction.op === 'config' && isChosen(instruction) ? withValue(instruction, values) : instruction;
  return withFunctions(
    program,
    mapSame(program.functions, (fn) =>
      mapBlocks(fn, (block) => withParts(block, mapSame(block.instructions, replace), block.terminator)),
    ),
  );
}

function withValue(instruction: ReadConfig, values: ConfigValues): IrInstruction {
  const { id, type, origin } = instruction;
  const replaced = constant(id, type, configValue(instruction, values));
  return origin === undefined ? replaced : { ...replaced, origin };
}

/**
 * The content of a register that holds what a `config` operation reads.
 * @throws WaggleError as {@link specialize}
 */
export function configValue(
  { config, field, type }: Pick<ReadConfig, 'config' | 'field' | 'type'>,
  values: ConfigValues,
): bigint {
  const given = values.get(config);
  const value = given !== undefined && Object.hasOwn(given, field) ? given[field] : undefined;
  if (value === undefined) {
    throw new WaggleError(
      'MISSING_FIELD',
      `the program reads ${config}.${field}, for which no value is given`,
      {
        hint: `Give it when the program is loaded: { ${config}: { ${field}: … } }`,
      },
    );
  }
  return integerOf(value, type, `${config}.${field}`);
}

function integerOf(value: number | bigint | boolean, type: IrType, name: string): bigint {
  const isNumber = ['number', 'bigint', 'boolean'].includes(typeof value);
  if (!isNumber || (typeof value === 'number' && !Number.isInteger(value))) {
    throw new WaggleError('WRONG_TYPE', `${name} takes an integer or a boolean, got ${String(value)}`);
  }
  const integer = BigInt(value);
  const limit = 1n << BigInt(widthOf(type));
  if (integer < -limit / 2n || integer >= limit) {
    throw new WaggleError('OUT_OF_RANGE', `${name} is ${integer}, which does not fit ${widthOf(type)} bits`);
  }
  return normalize(type, integer);
}
