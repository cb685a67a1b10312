/**
 * What compiling makes of the function of a program: code that is data, in the compiler's own format, and the declared
 * maps and configs that it names. `x.bpf.js`, which is built from `x.bpf.ts`, has it in place of the function. Where
 * nothing was built, a compiler that is at hand may be asked (`node --import @waggle/compiler/register`).
 */
import type { Config } from './config.ts';
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import type { MapSpec } from './map.ts';
import type { ProgramDeclaration } from './program.ts';

/** The declarations that a compiled program refers to, by the names that its code uses. */
export interface CompiledBindings {
  readonly maps: Readonly<Record<string, MapSpec>>;
  readonly configs: Readonly<Record<string, Config<unknown>>>;
}

/** The compiled body of a program. */
export interface CompiledBody {
  readonly kind: 'compiled';
  /** The code, as JSON of a format that the compiler checks when it reads it: its text, or what that stands for. */
  readonly code: unknown;
  /** What was generated of it for usual configs when the module was built, as JSON of the compiler. */
  readonly generated?: string;
  /** Read only when the program is loaded: declarations may stand after the program that uses them. */
  bindings(): CompiledBindings;
}

/** Makes a compiled body; only built modules call it. Throws BAD_DECLARATION for code that is neither text nor an object. */
export function compiled(code: unknown, bindings: () => CompiledBindings, generated?: string): CompiledBody {
  if (typeof code !== 'string' && (typeof code !== 'object' || code === null)) {
    throw new WaggleError('BAD_DECLARATION', `compiled() needs code, got ${describe(code)}`);
  }
  if (typeof bindings !== 'function') {
    throw new WaggleError('BAD_DECLARATION', `compiled() needs a function, got ${describe(bindings)}`);
  }
  return Object.freeze({
    kind: 'compiled',
    code,
    bindings,
    ...(generated === undefined ? {} : { generated }),
  });
}

/** Whether something is a compiled body. */
export function isCompiled(candidate: unknown): candidate is CompiledBody {
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    'kind' in candidate &&
    candidate.kind === 'compiled'
  );
}

/** Compiles a declared program; undefined when it does not know the module that declares it. */
export type Compiler = (program: ProgramDeclaration) => CompiledBody | undefined;

let compiler: Compiler | undefined;

/** Says who compiles programs that are not compiled when they are to be loaded. */
export function provideCompiler(provided: Compiler | undefined): void {
  compiler = provided;
}

/**
 * The compiled body of a program. Throws BAD_DECLARATION when it has none, or what the compiler throws that is asked
 * for one.
 */
export function compiledBody(program: ProgramDeclaration): CompiledBody {
  const body = isCompiled(program.body) ? program.body : compiler?.(program);
  if (body !== undefined) return body;
  const what = program.name === undefined ? `this ${program.type} program` : `program "${program.name}"`;
  throw new WaggleError('BAD_DECLARATION', `${what} is not compiled`, {
    hint: 'Import the .bpf.js that "waggle compile --emit js" writes, or run node with --import @waggle/compiler/register',
  });
}
