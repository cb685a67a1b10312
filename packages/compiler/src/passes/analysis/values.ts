/** Who defines a value and who uses it, as tables by value. */
import type { IrFunction, IrInstruction, Value } from '../../ir/ir.ts';
import type { IrType } from '../../ir/type.ts';
import { normalize } from './arithmetic.ts';
import { remembered } from './flow.ts';
import { forEachUse, valueCount } from './rewrite.ts';

export interface Values {
  /** One more than the highest value. */
  readonly count: number;
  /** The instruction that defines a value; undefined for parameters. */
  definition(value: Value): IrInstruction | undefined;
  /** The type of a value; `void` for numbers that are none. */
  type(value: Value): IrType;
  /** The content of a constant, unsigned; undefined for everything else. */
  constant(value: Value): bigint | undefined;
  /** How often a value is used, an instruction with the same value twice counting twice. */
  uses(value: Value): number;
  /** Whether a comparison or a branch looks at a value. */
  compared(value: Value): boolean;
  /** Copies of what is known, by value, for those who keep it up to date while they change the function. */
  tables(): ValueTables;
}

/** What is known of values, by value. */
export interface ValueTables {
  readonly definitions: (IrInstruction | undefined)[];
  readonly types: IrType[];
  readonly uses: number[];
  readonly compared: boolean[];
}

/** The values of a function. */
export const valuesOf: (fn: IrFunction) => Values = remembered((fn) => {
  const count = valueCount(fn);
  const definitions: (IrInstruction | undefined)[] = new Array(count).fill(undefined);
  const types: IrType[] = new Array(count).fill('void');
  const uses: number[] = new Array(count).fill(0);
  const compared: boolean[] = new Array(count).fill(false);
  const use = (value: Value): void => {
    uses[value] = (uses[value] ?? 0) + 1;
  };
  for (const { params, instructions, terminator } of fn.blocks) {
    for (const { id, type } of params) types[id] = type;
    for (const instruction of instructions) {
      definitions[instruction.id] = instruction;
      types[instruction.id] = instruction.type;
      for (const argument of instruction.args) {
        use(argument);
        if (instruction.op === 'compare') compared[argument] = true;
      }
    }
    if (terminator.op === 'branch') {
      compared[terminator.left] = true;
      compared[terminator.right] = true;
    }
    forEachUse(terminator, use);
  }
  return {
    count,
    definition: (value) => definitions[value],
    type: (value) => types[value] ?? 'void',
    constant: (value) => {
      const definition = definitions[value];
      return definition?.op === 'const' ? normalize(definition.type, definition.value) : undefined;
    },
    uses: (value) => uses[value] ?? 0,
    compared: (value) => compared[value] ?? false,
    tables: () => ({
      definitions: definitions.slice(),
      types: types.slice(),
      uses: uses.slice(),
      compared: compared.slice(),
    }),
  };
});
