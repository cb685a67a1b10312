/**
 * Functions of the kernel that programs may call (kfuncs), by the names that they have there. Unlike helpers they have no
 * fixed numbers: the BTF of the running kernel is asked when a program is loaded, and a program that calls one which is
 * not there is refused then.
 *
 *     const taskRelease = kernelFunction('bpf_task_release', [Task], undefined, { releases: true });
 *     const taskFromPid = kernelFunction('bpf_task_from_pid', [i32], Task, { acquires: taskRelease });
 */
import { WaggleError } from '../errors.ts';
import { isKernelStruct, type KernelStruct } from '../kernel-types.ts';
import type { Scalar } from '../scalar.ts';
import { checkIdentifier, type Struct } from '../struct.ts';
import { type Infer, isType } from '../types.ts';
import { programOnly } from './program-only.ts';

/** The context of a program, as an argument. */
export interface ContextParameter<T = unknown> {
  readonly kind: 'context';
  readonly type?: T;
}

/** A struct in memory and, as the next argument of the kernel, its size. */
export interface SizedParameter<T = unknown> {
  readonly kind: 'sized';
  readonly types: readonly Struct[];
  readonly type?: T;
}

/** What a function takes at one place; a struct is passed by its address. */
export type KernelParameter = Scalar | Struct | KernelStruct | ContextParameter | SizedParameter;

/** What a function gives: a scalar, a struct of the kernel or null, or nothing. */
export type KernelResult = Scalar | KernelStruct | undefined;

/** What a program writes at that place. */
export type KernelArgument<P> =
  P extends ContextParameter<infer T> ? T : P extends SizedParameter<infer T> ? T : Infer<P>;

/** The function as programs call it. */
export type KernelFunction<P extends readonly KernelParameter[], R extends KernelResult> = (
  ...args: { [Place in keyof P]: KernelArgument<P[Place]> }
) => R extends KernelStruct<infer T> ? T | null : R extends Scalar<infer T> ? T : void;

/** What else a function does. */
export interface KernelFunctionTraits {
  /** The result must be given back, to this function. */
  readonly acquires?: (...args: never[]) => unknown;
  /** Takes back what its first argument points to. */
  readonly releases?: boolean;
  /** The packet may be elsewhere afterwards: what `ctx.at()` gave before is void. */
  readonly movesPacket?: boolean;
}

export interface KernelFunctionSpec {
  /** The name in the kernel. */
  readonly name: string;
  readonly parameters: readonly KernelParameter[];
  readonly result: KernelResult;
  /** The name of the function that takes the result back. */
  readonly releasedBy: string | undefined;
  readonly releases: boolean;
  readonly movesPacket: boolean;
}

const specs = new WeakMap<object, KernelFunctionSpec>();
/** Arguments are passed in registers. */
const MOST_ARGUMENTS = 5;

/** The description of a function of the kernel, or undefined for anything else. */
export function kernelFunctionSpec(candidate: unknown): KernelFunctionSpec | undefined {
  return typeof candidate === 'function' ? specs.get(candidate) : undefined;
}

/** The context of programs of some types, as a parameter. */
export const contextParameter = <T>(): ContextParameter<T> => ({ kind: 'context' });

/** A struct and its size, as two parameters of the kernel; one of several structs, told apart by their fields. */
export const sizedParameter = <const S extends readonly Struct[]>(
  ...types: S
): SizedParameter<Infer<S[number]>> => ({ kind: 'sized', types });

/**
 * Declares a function of the kernel. A struct that it returns may be null.
 * Throws BAD_DECLARATION for a bad name, a parameter or result that is none, or more arguments than the kernel takes.
 */
export function kernelFunction<
  const P extends readonly KernelParameter[],
  R extends KernelResult = undefined,
>(name: string, parameters: P, result?: R, traits: KernelFunctionTraits = {}): KernelFunction<P, R> {
  checkIdentifier('A function of the kernel', name);
  const slots = parameters.reduce((sum, parameter) => sum + (parameter.kind === 'sized' ? 2 : 1), 0);
  if (slots > MOST_ARGUMENTS) {
    throw new WaggleError('BAD_DECLARATION', `${name} cannot take ${slots} arguments: there are 5 registers`);
  }
  const wrong = parameters.findIndex((parameter) => !isParameter(parameter));
  if (wrong >= 0) throw new WaggleError('BAD_DECLARATION', `parameter ${wrong + 1} of ${name} is no type`);
  const { acquires, releases = false, movesPacket = false } = traits;
  const releasedBy = kernelFunctionSpec(acquires)?.name;
  if (acquires !== undefined && releasedBy === undefined) {
    throw new WaggleError(
      'BAD_DECLARATION',
      `what ${name} acquires has to be released by a kernelFunction()`,
    );
  }
  const declared = programOnly<KernelFunction<P, R>>(name);
  specs.set(
    declared,
    Object.freeze({ name, parameters, result, releasedBy, releases, movesPacket } as const),
  );
  return declared;
}

function isParameter(parameter: KernelParameter): boolean {
  if (isKernelStruct(parameter)) return true;
  if (isType(parameter)) return parameter.kind === 'scalar' || parameter.kind === 'struct';
  return parameter.kind === 'context' || parameter.kind === 'sized';
}
