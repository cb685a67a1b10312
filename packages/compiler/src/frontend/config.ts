/** Fields of a config: values that are known when the program is loaded, and constants from then on. */
import { type Config, configSpec } from '@waggle/bpf';
import { irType, type Lowering } from './lowering.ts';
import { unknownWord } from './names.ts';
import type { Operand } from './operand.ts';
import { scalarOf, swap } from './scalars.ts';
import type { Member } from './syntax.ts';

/** `settings.name`. */
export function configField(f: Lowering, config: Config<unknown>, name: string, node: Member): Operand {
  const { fields } = configSpec(config);
  const field = fields.find((candidate) => candidate.name === node.name);
  if (field?.type.kind !== 'scalar') {
    const names = fields.map((candidate) => candidate.name);
    return f.fail('W216', node.place, {
      type: name,
      field: node.name,
      hint: unknownWord(node.name, names, 'fields'),
    });
  }
  const { type } = field;
  const operation = { op: 'config', config: f.program.configName(config, name), field: node.name } as const;
  const value = f.emit(operation, irType(type));
  // The value that is put in is the number meant.
  return scalarOf(type, type.byteOrder === 'native' ? value : swap(f, value, type.bits));
}
