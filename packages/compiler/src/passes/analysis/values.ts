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
}

/** The values of a function. */
export const valuesOf: (fn: IrFunction) => Values = remembered((fn) => {
  const count = valueCount(fn);
  const definitions: (IrInstruction | undefined)[] = new Array(count).fill(undefined);
  const types: IrType[] = new Array(count).fill('void');
  const uses = new Int32Array(count);
  const compared = new Uint8Array(count);
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
        if (instruction.op === 'compare') compared[argument] = 1;
      }
    }
    if (terminator.op === 'branch') {
      compared[terminator.left] = 1;
      compared[terminator.right] = 1;
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
    compared: (value) => compared[value] === 1,
  };
});
