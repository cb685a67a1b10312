/**
 * Type annotations, as far as they decide something: scalars by their names, structs by `Infer<typeof X>` or `Ref<typeof X>`,
 * by an alias of that, or by a type of the same name. What is known when the program is compiled (maps, structs) needs no reading at all.
 */
import { bool, isKernelStruct, isType, type KernelStruct, type Type } from '@waggle/bpf';
import type { Lowering } from './lowering.ts';
import type { Module } from './modules.ts';
import type { DeclaredType } from './operand.ts';
import type { TypeSyntax } from './syntax.ts';

const HINTS: Readonly<Record<string, string>> = {
  number: 'Say which: u8, u16, u32, i32, be16, …',
  bigint: 'Say which: u64, i64 or be64',
  string: 'A program has no text',
};

/** What an annotation says. */
export function declaredType(f: Lowering, syntax: TypeSyntax, module: Module = f.module): DeclaredType {
  switch (syntax.kind) {
    case 'void':
      return { kind: 'void' };
    case 'union':
      return unionType(f, syntax, module);
    case 'null':
      return f.fail('W213', syntax.place, { what: 'null', hint: 'Say what it may be besides null' });
    case 'typeof':
      return { kind: 'static' };
    case 'other':
      if (syntax.text === 'boolean') return { kind: 'scalar', type: bool };
      if (syntax.text === 'any') return f.fail('W215', syntax.place);
      return f.fail('W213', syntax.place, { what: syntax.text, hint: HINTS[syntax.text] ?? '' });
    case 'name':
      return namedType(f, syntax, module);
  }
}

function unionType(
  f: Lowering,
  { members, place }: Extract<TypeSyntax, { kind: 'union' }>,
  module: Module,
): DeclaredType {
  const others = members.filter(({ kind }) => kind !== 'null');
  const [only] = others;
  if (only !== undefined && others.length === 1) {
    const type = declaredType(f, only, module);
    if (type.kind === 'pointer') return { ...type, nullable: true };
    // A type parameter: what it stands for is known from what is returned.
    if (type.kind === 'static') return type;
  }
  return f.fail('W213', place, { what: 'of this union', hint: 'Only pointers may be something or null' });
}

function namedType(
  f: Lowering,
  { name, args, place }: Extract<TypeSyntax, { kind: 'name' }>,
  module: Module,
): DeclaredType {
  const [argument] = args;
  if ((name === 'Infer' || name === 'Ref') && argument?.kind === 'typeof') {
    const { modules } = f.program;
    const own = modules.meaning(module, argument.name);
    // A type-only import is no value of its module.
    const meaning = own.kind === 'nothing' ? modules.typeMeaning(module, argument.name) : own;
    const value = meaning.kind === 'value' ? meaning.value : undefined;
    if (isType(value) || isKernelStruct(value)) return ofType(value);
    return f.fail('W213', place, { what: `${name}<typeof ${argument.name}>`, hint: 'It is no struct' });
  }
  const meaning = f.program.modules.typeMeaning(module, name);
  if (meaning.kind === 'alias') return declaredType(f, meaning.type, meaning.module);
  const named = meaning.kind === 'value' ? meaning.value : undefined;
  if (isType(named) || isKernelStruct(named)) return ofType(named);
  return { kind: 'static' };
}

const ofType = (type: Type | KernelStruct): DeclaredType =>
  type.kind === 'scalar' ? { kind: 'scalar', type } : { kind: 'pointer', to: type, nullable: false };
