/**
 * What names mean at the top level of modules. A function is found in the text, through imports and re-exports; everything
 * else is a value, and the scope of the module has it.
 */

import type { Struct } from '@waggle/bpf';
import * as bpf from '@waggle/bpf';
import type { ModuleSource } from './module-source.ts';
import type { FunctionSyntax, ModuleSyntax, TypeSyntax } from './syntax.ts';
import { parseModule } from './typescript.ts';

/** A module, parsed. */
export interface Module {
  readonly source: ModuleSource;
  readonly syntax: ModuleSyntax;
  readonly lines: readonly string[];
}

/** What a name stands for. */
export type Meaning =
  | { readonly kind: 'function'; readonly module: Module; readonly syntax: FunctionSyntax }
  /** `name` is what it is called in the module that declares it, or imports it from a package. */
  | { readonly kind: 'value'; readonly value: unknown; readonly name: string }
  | { readonly kind: 'mutable' }
  | { readonly kind: 'nothing' };

/** What the name of a type stands for: a description to be read in its module, or a type of `@waggle/bpf`. */
export type TypeMeaning =
  | { readonly kind: 'alias'; readonly module: Module; readonly type: TypeSyntax }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'nothing' };

/** The text of a method, and the module in which its names mean something. */
export interface MethodText {
  readonly module: Module;
  readonly syntax: FunctionSyntax;
}

export class Modules {
  private readonly parsed = new Map<string, Module>();
  private readonly ofPackages = new Map<object, MethodText | undefined>();
  private readonly ofStructs = new Map<Struct, ReadonlyMap<string, MethodText> | undefined>();

  open(source: ModuleSource): Module {
    const known = this.parsed.get(source.path);
    if (known) return known;
    const module = parsed(source);
    this.parsed.set(source.path, module);
    return module;
  }

  /** The methods of a struct that is declared in a module or in what it imports, directly or not. */
  methodsOf(from: Module, struct: Struct): ReadonlyMap<string, MethodText> | undefined {
    if (this.ofStructs.has(struct)) return this.ofStructs.get(struct);
    const found = this.findMethods(from, struct, new Set());
    this.ofStructs.set(struct, found);
    return found;
  }

  private findMethods(
    module: Module,
    struct: Struct,
    seen: Set<Module>,
  ): ReadonlyMap<string, MethodText> | undefined {
    seen.add(module);
    const { syntax, source } = module;
    const scope = source.scope();
    for (const [name, methods] of syntax.methods) {
      if (methods.size === 0 || scope[name] !== struct) continue;
      return new Map([...methods].map(([method, syntax]) => [method, { module, syntax }]));
    }
    const imported = [...syntax.imports.values(), ...syntax.reexports.values()];
    for (const specifier of [...imported.map(({ specifier }) => specifier), ...syntax.reexportsAll]) {
      const next = source.resolve(specifier);
      const opened = next && this.open(next);
      const found = opened && !seen.has(opened) ? this.findMethods(opened, struct, seen) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  /** A method of a package in a module of its own: all that is known of it is its JavaScript. */
  ofPackage(method: object, struct: Struct, name: string): MethodText | undefined {
    if (this.ofPackages.has(method)) return this.ofPackages.get(method);
    const code = Function.prototype.toString.call(method);
    const property = code.startsWith(`${name}(`) ? code : `${name}: ${code}`;
    const text = `const called = struct({ methods: { ${property} } });`;
    const path = `${struct.name}.${name}`;
    const module = parsed({ path, text, scope: () => ({}), resolve: () => undefined });
    const syntax = module.syntax.methods.get('called')?.get(name);
    const found = syntax && { module, syntax };
    this.ofPackages.set(method, found);
    return found;
  }

  /** What a name means at the top level of a module. */
  meaning(module: Module, name: string): Meaning {
    const { syntax, source } = module;
    const own = syntax.functions.get(name);
    if (own) return { kind: 'function', module, syntax: own };
    if (syntax.mutable.has(name)) return { kind: 'mutable' };
    const imported = syntax.imports.get(name);
    const from = imported && source.resolve(imported.specifier);
    if (imported && from && imported.name !== '*') {
      const found = this.exported(this.open(from), imported.name);
      if (found.kind !== 'nothing') return found;
    }
    const scope = source.scope();
    if (Object.hasOwn(scope, name))
      return { kind: 'value', value: scope[name], name: imported?.name ?? name };
    return { kind: 'nothing' };
  }

  /** What a property of a namespace (`import * as name`) means. */
  member(module: Module, namespace: string, name: string): Meaning {
    const imported = module.syntax.imports.get(namespace);
    const from = imported?.name === '*' ? module.source.resolve(imported.specifier) : undefined;
    return from ? this.exported(this.open(from), name) : { kind: 'nothing' };
  }

  typeMeaning(module: Module, name: string): TypeMeaning {
    const { syntax, source } = module;
    const alias = syntax.types.get(name);
    if (alias) return { kind: 'alias', module, type: alias };
    const imported = syntax.imports.get(name);
    const from = imported && source.resolve(imported.specifier);
    if (imported && from) return this.exportedType(this.open(from), imported.name);
    const scope = source.scope();
    if (Object.hasOwn(scope, name)) return { kind: 'value', value: scope[name] };
    // A type-only import of a package leaves no value in the scope.
    const library: Readonly<Record<string, unknown>> = bpf;
    if (imported && Object.hasOwn(library, imported.name)) {
      return { kind: 'value', value: library[imported.name] };
    }
    return { kind: 'nothing' };
  }

  private exported(module: Module, name: string): Meaning {
    const { syntax, source } = module;
    const again = syntax.reexports.get(name);
    if (again) {
      if (again.specifier === '') return this.meaning(module, again.name);
      const from = source.resolve(again.specifier);
      return from ? this.exported(this.open(from), again.name) : { kind: 'nothing' };
    }
    const found = this.meaning(module, name);
    if (found.kind !== 'nothing') return found;
    for (const specifier of syntax.reexportsAll) {
      const from = source.resolve(specifier);
      const inner = from && this.exported(this.open(from), name);
      if (inner && inner.kind !== 'nothing') return inner;
    }
    return { kind: 'nothing' };
  }

  private exportedType(module: Module, name: string): TypeMeaning {
    const { syntax, source } = module;
    const again = syntax.reexports.get(name);
    if (again) {
      if (again.specifier === '') return this.typeMeaning(module, again.name);
      const from = source.resolve(again.specifier);
      return from ? this.exportedType(this.open(from), again.name) : { kind: 'nothing' };
    }
    const found = this.typeMeaning(module, name);
    if (found.kind !== 'nothing') return found;
    for (const specifier of syntax.reexportsAll) {
      const from = source.resolve(specifier);
      const inner = from && this.exportedType(this.open(from), name);
      if (inner && inner.kind !== 'nothing') return inner;
    }
    return { kind: 'nothing' };
  }
}

const parsed = (source: ModuleSource): Module => ({
  source,
  syntax: parseModule(source.path, source.text),
  lines: source.text.split('\n'),
});
