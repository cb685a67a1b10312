/**
 * Lowers a program: the function that xdp(), tc() and so on were given, and all that it calls. What is shared by these
 * functions is here: diagnostics, the maps and configs in use, the functions lowered so far.
 */
import {
  type Config,
  isProgramDeclaration,
  type KernelFunctionSpec,
  type MapSpec,
  nearest,
  type ProgramType,
} from '@waggle/bpf';
import type { IrFunction, IrProgram } from '../ir/ir.ts';
import { type IrType, nonNull } from '../ir/type.ts';
import { checkPackets } from './check-packets.ts';
import { checkReferences } from './check-references.ts';
import type { Instance } from './functions.ts';
import { Lowering } from './lowering.ts';
import type { ModuleSource } from './module-source.ts';
import { type Module, Modules } from './modules.ts';
import type { Operand } from './operand.ts';
import { type Diagnostic, Reported, Reporter } from './report.ts';
import { endFunction } from './results.ts';
import { statements } from './statements.ts';
import type { Call, FunctionSyntax } from './syntax.ts';
import { RUNNING_ANYWHERE } from './tracing-types.ts';
import { destructure } from './variables.ts';

/** A program in the IR, and what of user space it refers to. */
export interface LoweredProgram {
  readonly ir: IrProgram;
  /** The maps by the names that they have in the IR. */
  readonly maps: ReadonlyMap<string, MapSpec>;
  /** What config() returned, by the names that they have in the IR. */
  readonly configs: ReadonlyMap<string, Config<unknown>>;
}

/** Types of programs whose answer means nothing. */
const TRACING: ReadonlySet<ProgramType> = new Set<ProgramType>([
  ...RUNNING_ANYWHERE,
  'btfTracepoint',
  'fentry',
  'fexit',
]);

/** Thrown to lower a program again, knowing more. */
class Again extends Error {}

/** The names of the program declarations at the top level of a module, in the order of the text. */
export function programNames(source: ModuleSource): readonly string[] {
  const { syntax } = new Modules().open(source);
  const scope = source.scope();
  return syntax.variables.filter((name) => isProgramDeclaration(scope[name]));
}

/**
 * Lowers the program that is bound to `name` at the top level of a module. There is a program when there are no
 * diagnostics.
 */
export function lowerProgram(
  source: ModuleSource,
  name: string,
): { program?: LoweredProgram; diagnostics: readonly Diagnostic[] } {
  const spaces = new Map<string, IrType>();
  // Each time the kind of memory of one more variable is known, so this ends.
  for (;;) {
    const lowering = new ProgramLowering(source, name, spaces);
    try {
      return lowering.run();
    } catch (error) {
      if (!(error instanceof Again)) throw error;
    }
  }
}

export class ProgramLowering {
  readonly modules: Modules = new Modules();
  readonly reporter: Reporter = new Reporter();
  readonly functions: IrFunction[] = [];
  /** The functions that are being lowered: one of them is recursive when it is called. */
  readonly active = new Set<FunctionSyntax>();
  readonly type: ProgramType;
  /** The license that the kernel will be told. */
  readonly license: string | undefined;
  /** The functions of the kernel that are called, by name. */
  readonly kernelFunctions = new Map<string, KernelFunctionSpec>();
  /** The one that declares the program. */
  readonly module: Module;
  private readonly name: string;
  private readonly maps = new Map<string, MapSpec>();
  private readonly configs = new Map<string, Config<unknown>>();
  private readonly instances = new Map<FunctionSyntax, Map<string, Instance>>();
  private readonly identities = new Map<unknown, number>();
  private readonly names = new Set<string>();
  /** The kinds of memory of variables that began as null, as far as earlier attempts found them out. */
  private readonly spaces: Map<string, IrType>;
  private readonly guessed = new Set<string>();

  constructor(source: ModuleSource, name: string, spaces: Map<string, IrType>) {
    this.module = this.modules.open(source);
    this.name = name;
    this.spaces = spaces;
    const declared = source.scope()[name];
    this.type = isProgramDeclaration(declared) ? declared.type : 'xdp';
    this.license = isProgramDeclaration(declared) ? declared.license : undefined;
  }

  run(): { program?: LoweredProgram; diagnostics: readonly Diagnostic[] } {
    try {
      this.lowerBody();
    } catch (error) {
      if (!(error instanceof Reported)) throw error;
    }
    if (this.reporter.found.length === 0) {
      checkPackets(this.functions, this.reporter);
      checkReferences(this.functions, this.reporter, this.kernelFunctions);
    }
    const diagnostics = this.reporter.found;
    if (diagnostics.length > 0) return { diagnostics };
    // The program itself comes first, though its functions were finished before it.
    const functions = [...this.functions.slice(-1), ...this.functions.slice(0, -1)];
    const ir: IrProgram = { type: this.type, functions };
    return { program: { ir, maps: this.maps, configs: this.configs }, diagnostics };
  }

  private lowerBody(): void {
    const { syntax, source } = this.module;
    const start = { file: source.path, line: 1, column: 1, length: 0 };
    for (const { place, message } of syntax.errors) this.reporter.add('W100', place, { what: message });
    if (syntax.errors.length > 0) throw new Reported();
    if (!isProgramDeclaration(source.scope()[this.name])) {
      const meant = nearest(this.name, programNames(source));
      const hint = meant === undefined ? '' : `Did you mean "${meant}"?`;
      this.reporter.fail('W401', start, { name: this.name, hint });
    }
    const body = syntax.bodies.get(this.name);
    const meaning = body?.kind === 'identifier' ? this.modules.meaning(this.module, body.name) : undefined;
    const own = body?.kind === 'function' ? { module: this.module, syntax: body } : undefined;
    const target = meaning?.kind === 'function' ? meaning : own;
    if (!target) this.reporter.fail('W410', start, { name: this.name });
    const { unsupported, parameters, place } = target.syntax;
    if (unsupported) this.reporter.fail(unsupported.code, unsupported.place, { what: unsupported.what });
    this.names.add(this.name);
    const f = new Lowering(this, target.module, this.name, { kind: 'verdict' }, place);
    const context = f.builder.param(f.builder.current, 'context');
    const pattern = parameters[0]?.pattern;
    if (pattern) destructure(f, pattern, { kind: 'context', value: context }, false);
    this.active.add(target.syntax);
    statements(f, target.syntax.body);
    endFunction(f, place, TRACING.has(this.type));
    this.functions.push(f.builder.finish(this.name, 'i32', 'program'));
  }

  /** The name of a map in the IR: the one it has in the kernel or in its module, and unique. */
  mapName(spec: MapSpec, name: string): string {
    return nameOf(this.maps, spec, spec.name ?? name);
  }

  configName(config: Config<unknown>, name: string): string {
    return nameOf(this.configs, config, name);
  }

  /** The function for one way of calling it, made at the first call. */
  instance(syntax: FunctionSyntax, key: string, make: (name: string) => Instance): Instance {
    const known = this.instances.get(syntax) ?? new Map<string, Instance>();
    this.instances.set(syntax, known);
    const before = known.get(key);
    if (before) return before;
    const made = make(this.functionName(syntax.name));
    known.set(key, made);
    return made;
  }

  /** What tells a value that is known now from others, in the key of an instance. */
  identity(operand: Operand): string {
    if (operand.kind === 'literal') return `${operand.of} ${operand.value}`;
    const value =
      operand.kind === 'static' ? operand.value : operand.kind === 'function' ? operand.syntax : null;
    const known = this.identities.get(value) ?? this.identities.size;
    this.identities.set(value, known);
    return `#${known}`;
  }

  /** The kind of memory of a pointer that begins as null; where it is not known yet, any. */
  guessSpace(key: string): IrType {
    this.guessed.add(key);
    return this.spaces.get(key) ?? 'stack?';
  }

  /** Says which it was. A wrong guess is corrected by lowering the program again; otherwise this returns. */
  learnSpace(key: string, type: IrType): void {
    if (!this.guessed.has(key) || this.spaces.has(key)) return;
    this.spaces.set(key, `${nonNull(type)}?` as IrType);
    throw new Again();
  }

  /** Checks how many arguments a call has. */
  checkArguments(node: Call, name: string, least: number, most = least): void {
    const got = node.args.length;
    if (got >= least && got <= most) return;
    const expected = least === most ? least : `${least} to ${most}`;
    this.reporter.fail('W405', node.place, { name: `${name}()`, expected, got });
  }

  /** A name for a function in the IR that no other one has. */
  functionName(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.names.has(name); count++) name = `${wanted}_${count}`;
    this.names.add(name);
    return name;
  }
}

function nameOf<T>(names: Map<string, T>, value: T, wanted: string): string {
  for (const [name, other] of names) if (other === value) return name;
  let name = wanted;
  for (let count = 2; names.has(name); count++) name = `${wanted}_${count}`;
  names.set(name, value);
  return name;
}
