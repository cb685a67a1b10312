/**
 * Names: those in scope of a function first, then those of its module. What a name of the module is worth is decided by its
 * value, because structs, maps and config are ordinary objects.
 */
import { nearest } from '@waggle/bpf';
import type { Lowering } from './lowering.ts';
import type { Meaning } from './modules.ts';
import type { Operand } from './operand.ts';
import { Reported } from './report.ts';
import type { Identifier, Place } from './syntax.ts';

/** What a name stands for, as an operand. */
export function named(f: Lowering, { name, place }: Identifier): Operand {
  const binding = f.lookup(name);
  if (binding === undefined) return operandOf(f, f.program.modules.meaning(f.module, name), name, place);
  switch (binding.kind) {
    case 'const':
      return binding.operand;
    case 'let': {
      const { variable, type } = binding;
      const value = f.builder.read(variable);
      if (type.kind === 'scalar') return { kind: 'scalar', type: type.type, value };
      return { kind: 'pointer', to: type.to, value, offset: 0 };
    }
    case 'faulty':
      throw new Reported();
  }
}

/** What a name at the top level of a module is to a program. */
export function operandOf(f: Lowering, meaning: Meaning, name: string, place: Place): Operand {
  switch (meaning.kind) {
    case 'function':
      return { kind: 'function', module: meaning.module, syntax: meaning.syntax };
    case 'mutable':
      return f.fail('W403', place, { name });
    case 'nothing': {
      const known = [...Object.keys(f.module.source.scope()), ...f.module.syntax.functions.keys()];
      const meant = nearest(name, known);
      return f.fail('W401', place, { name, hint: meant === undefined ? '' : `Did you mean "${meant}"?` });
    }
    case 'value':
      return staticOperand(meaning.value, meaning.name);
  }
}

/** A value of user space as an operand: numbers and booleans are literals. */
export function staticOperand(value: unknown, name: string): Operand {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    return { kind: 'literal', of: 'number', value: BigInt(value) };
  }
  if (typeof value === 'bigint') return { kind: 'literal', of: 'bigint', value };
  if (typeof value === 'boolean') return { kind: 'literal', of: 'boolean', value: value ? 1n : 0n };
  return { kind: 'static', value, name };
}

/** The hint for a word that is none of the known ones. */
export function unknownWord(word: string, known: readonly string[], what: string): string {
  const meant = nearest(word, known);
  return meant === undefined ? `Its ${what} are ${known.join(', ')}` : `Did you mean "${meant}"?`;
}
