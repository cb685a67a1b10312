/**
 * `value.method(…)`, where the value is in memory: the method is a function whose `this` is that pointer. Of a struct that a
 * `const` of a module declares, the text of its methods is there. Of one that comes from a package, such as the headers of
 * `@waggle/bpf`, there is only the JavaScript that runs: it has lost its annotations, so a method is taken only if it is one
 * expression, in which there are none.
 */
import { kernelTypeName } from '@waggle/bpf';
import { callFunction } from './functions.ts';
import type { Lowering } from './lowering.ts';
import { sourceName } from './memory.ts';
import type { MethodText } from './modules.ts';
import { unknownWord } from './names.ts';
import type { Operand, Pointer } from './operand.ts';
import type { Call, Member } from './syntax.ts';
import { returnedExpression } from './syntax-queries.ts';

/** Calls a method of a value that is known to be there; undefined if that is the name of a field. */
export function structMethodCall(
  f: Lowering,
  receiver: Pointer,
  node: Call,
  callee: Member,
): Operand | undefined {
  const { to } = receiver;
  const { name, place } = callee;
  const declared = to.kind === 'struct' ? (to.methods ?? {}) : {};
  const method = Object.hasOwn(declared, name) ? declared[name] : undefined;
  if (to.kind !== 'struct' || !method) {
    const fields = to.kind === 'struct' || to.kind === 'kernelStruct' ? to.fields : [];
    if (fields.some((field) => field.name === name)) return undefined;
    const known = Object.keys(declared);
    const hint = known.length === 0 ? 'It has no methods at all' : unknownWord(name, known, 'methods');
    return f.fail('W411', place, { type: kernelTypeName(to), method: name, hint });
  }
  const { modules, module } = f.program;
  const found = modules.methodsOf(module, to)?.get(name) ?? fromPackage(modules.ofPackage(method, to, name));
  if (found) return callFunction(f, { kind: 'function', ...found, receiver }, node);
  return f.fail('W402', place, {
    name,
    what: 'a method with statements, of a struct of a package or without a name,',
  });
}

/** Refuses a method as a value. */
export function refuseMethodAsValue(f: Lowering, { to }: Pointer, node: Member): void {
  if (to.kind !== 'struct' || !to.methods || !Object.hasOwn(to.methods, node.name)) return;
  f.fail('W412', node.place, { type: to.name, method: node.name, object: sourceName(node.object) });
}

const fromPackage = (found: MethodText | undefined): MethodText | undefined =>
  found && returnedExpression(found.syntax) ? found : undefined;
