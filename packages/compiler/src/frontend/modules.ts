/**
 * What names mean at the top level of modules. A function is found in the text, through imports and re-exports; everything
 * else is a value, and the scope of the module has it.
 */
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
  | { readonly kind: 'value'; readonly value: unknown; readonly name: string; readonly module: Module }
  | { readonly kind: 'mutable' }
  | { readonly kind: 'nothing' };

/** What the name of a type stands for: a description to be read in its module, or a type of `@waggle/bpf`. */
export type TypeMeaning =
  | { readonly kind: 'alias'; readonly module: Module; readonly type: TypeSyntax }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'nothing' };

export class Modules {
  private readonly parsed = new Map<string, Module>();
  private readonly ofPackages = new Map<object, Module>();

  open(source: ModuleSource): Module {
    const known = this.parsed.get(source.path);
    if (known) return known;
    const module = parsed(source);
    this.parsed.set(source.path, module);
    return module;
  }

  /** A function of a package as a module of its own, in which it is `called`: all that is known of it is its JavaScript. */
  ofPackage(called: object, path: string): Module {
    const known = this.ofPackages.get(called);
    if (known) return known;
    const text = `const called = ${Function.prototype.toString.call(called)};`;
    const module = parsed({ path, text, scope: () => ({}), resolve: () => undefined });
    this.ofPackages.set(called, module);
    return module;
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
      return { kind: 'value', value: scope[name], name: imported?.name ?? name, module };
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
