/**
 * The functions of structs. Of a struct that a module of the program declares, the text is there. Of one that comes from a package,
 * such as the headers of `@waggle/bpf`, there is only the JavaScript that runs: it has lost its annotations, so a function is
 * taken only if it is one expression, in which there are none.
 */
import { isType } from '@waggle/bpf';
import type { Lowering } from './lowering.ts';
import type { Module, Modules } from './modules.ts';
import type { Operand } from './operand.ts';
import type { FunctionSyntax, Member } from './syntax.ts';
import { returnedExpression } from './syntax-queries.ts';

/** The function of that name, where the object is a struct that has it. */
export function structFunction(
  f: Lowering,
  { value, name, module }: Extract<Operand, { kind: 'static' }>,
  node: Member,
): Operand | undefined {
  if (!isType(value) || value.kind !== 'struct') return undefined;
  const called: unknown = Reflect.get(value, node.name);
  if (typeof called !== 'function') return undefined;
  const syntax = module?.syntax.members.get(name)?.get(node.name);
  if (module && syntax) return { kind: 'function', module, syntax, struct: value };
  const foreign = fromPackage(f.program.modules, `${name}.${node.name}`, called);
  if (foreign) return { kind: 'function', ...foreign, struct: value };
  return f.fail('W402', node.place, {
    name: node.name,
    what: 'a function of a package with statements in it',
  });
}

function fromPackage(
  modules: Modules,
  name: string,
  called: object,
): { module: Module; syntax: FunctionSyntax } | undefined {
  const module = modules.ofPackage(called, name);
  const syntax = module.syntax.functions.get('called');
  return syntax && returnedExpression(syntax) ? { module, syntax } : undefined;
}
