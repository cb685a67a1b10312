/**
 * A program declaration as plain, frozen data: its type, its body, and what it is attached to where that is
 * part of the program. The body is for the compiler, which turns it into instructions; nobody calls it in
 * user space. This file has what all programs share; their constructors are in packet-programs.ts,
 * address-programs.ts, socket-programs.ts and tracing-programs.ts.
 */
import { type CompiledBody, isCompiled } from './compiled.ts';
import { describe } from './describe.ts';
import { WaggleError } from './errors.ts';
import { nearest } from './nearest.ts';
import { checkObjectName } from './object-name.ts';
import { type ProgramType, programTypes } from './program-types.ts';

/** A declared program. */
export interface ProgramDeclaration<Kind extends ProgramType = ProgramType> {
  readonly kind: 'program';
  readonly type: Kind;
  /** The function that the compiler compiles, or what it made of it. */
  readonly body: ((context: never) => unknown) | CompiledBody;
  /** The name in the kernel. Absent: the name under which the module exports the program. */
  readonly name?: string;
  /** The license that the kernel is told; some helpers ask for one compatible with the GPL. */
  readonly license?: string;
  /** The function, tracepoint, hook, … that the program is for. */
  readonly target?: string;
}

/** Options that all declarations of programs take. */
export interface ProgramOptions {
  /**
   * The name in the kernel, up to 15 letters, digits, `_` and `.`; by default the program is called as it is
   * exported.
   */
  readonly name?: string;
  /** The license that the kernel is told, such as `GPL`. */
  readonly license?: string;
}

const OPTIONS: readonly string[] = ['name', 'license'];
// The kernel reads 127 characters of a license.
const LONGEST_LICENSE = 127;

/**
 * Checks a declaration and makes it. Throws BAD_DECLARATION for a body that is no function, a bad name or a
 * bad target.
 */
export function declareProgram<Kind extends ProgramType, Context>(
  type: Kind,
  body: ((context: Context) => unknown) | CompiledBody,
  options: ProgramOptions = {},
  target?: string,
): ProgramDeclaration<Kind> {
  if (typeof body !== 'function' && !isCompiled(body)) {
    throw new WaggleError('BAD_DECLARATION', `${type} needs a function as its body, got ${describe(body)}`);
  }
  if (typeof options !== 'object' || options === null) {
    throw new WaggleError('BAD_DECLARATION', `${type} needs an object of options, got ${describe(options)}`);
  }
  for (const option of Object.keys(options)) {
    if (!OPTIONS.includes(option)) throw noSuchOption(type, option);
  }
  const { name, license } = options;
  if (name !== undefined) checkObjectName(type, name);
  if (license !== undefined) checkLicense(type, license);
  return Object.freeze({
    kind: 'program',
    type,
    body,
    ...(name === undefined ? {} : { name }),
    ...(license === undefined ? {} : { license }),
    ...(target === undefined ? {} : { target }),
  });
}

/** Whether something is a declared program. */
export function isProgramDeclaration(candidate: unknown): candidate is ProgramDeclaration {
  return (
    typeof candidate === 'object' && candidate !== null && 'kind' in candidate && candidate.kind === 'program'
  );
}

/**
 * The ELF section of a program as libbpf and bpftool know it: `xdp`, `cgroup/connect4`, `kprobe/tcp_connect`.
 */
export function sectionOf(program: ProgramDeclaration): string {
  const { section } = programTypes[program.type];
  return program.target === undefined ? section : `${section}/${program.target}`;
}

function noSuchOption(type: ProgramType, option: string): WaggleError {
  const meant = nearest(option, OPTIONS);
  return new WaggleError('BAD_DECLARATION', `${type} has no option "${option}"`, {
    hint: meant === undefined ? `Its options are ${OPTIONS.join(', ')}` : `Did you mean "${meant}"?`,
  });
}

function checkLicense(type: ProgramType, license: unknown): void {
  if (typeof license === 'string' && /^[\x20-\x7e]+$/.test(license) && license.length <= LONGEST_LICENSE)
    return;
  throw new WaggleError('BAD_DECLARATION', `${type} cannot have the license ${describe(license)}`, {
    hint: 'Use a name such as GPL or Dual MIT/GPL',
  });
}
