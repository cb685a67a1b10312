/**
 * How a helper function of the kernel (bpf-helpers(7)) is described: its number, what it takes and what it gives. The compiler
 * reads the description; user space sees an ordinary typed function that throws.
 */
import { Sock } from '../context.ts';
import type { MapType } from '../map-types.ts';
import { i32, type Scalar, u32, u64 } from '../scalar.ts';
import type { Struct } from '../struct.ts';
import { programOnly } from './program-only.ts';

/** What a helper takes at one place. */
export type HelperParameter =
  /** The context of the program. */
  | { readonly kind: 'context' }
  | { readonly kind: 'scalar'; readonly type: Scalar }
  /** A pointer; the kernel knows how many bytes it reads or writes there. */
  | { readonly kind: 'memory'; readonly types: readonly Struct[] }
  /**
   * A pointer and, as the next argument of the kernel, the size of what it points to; `nullable` takes null and 0. With `partly`
   * a further argument after all others may say how many bytes of it count.
   */
  | {
      readonly kind: 'sized';
      readonly nullable: boolean;
      readonly partly?: true;
      readonly types: readonly Struct[];
    }
  /** A declared map of one of these types. */
  | { readonly kind: 'map'; readonly types: readonly MapType[] }
  | { readonly kind: 'socket' };

/** What a helper gives. */
export type HelperResult =
  | { readonly kind: 'scalar'; readonly type: Scalar }
  | { readonly kind: 'void' }
  /** A socket or null; `release` when the program must give it back. */
  | { readonly kind: 'socket'; readonly type: Struct; readonly release: boolean };

export interface HelperSpec {
  /** The kernel's name without `bpf_`, in camelCase. */
  readonly name: string;
  /** The value of `enum bpf_func_id`. */
  readonly number: number;
  readonly parameters: readonly HelperParameter[];
  readonly result: HelperResult;
  /** The packet may be elsewhere afterwards: what `ctx.at()` gave before is void. */
  readonly movesPacket: boolean;
  /** Takes a socket and gives it back. */
  readonly releases: boolean;
}

const specs = new WeakMap<object, HelperSpec>();

/** The description of a helper function, or undefined for anything else. */
export function helperSpec(candidate: unknown): HelperSpec | undefined {
  return typeof candidate === 'function' ? specs.get(candidate) : undefined;
}

export const context: HelperParameter = { kind: 'context' };
export const socket: HelperParameter = { kind: 'socket' };
export const scalar = (type: Scalar): HelperParameter => ({ kind: 'scalar', type });
export const memory = (...types: Struct[]): HelperParameter => ({ kind: 'memory', types });
export const sized = (...types: Struct[]): HelperParameter => ({ kind: 'sized', nullable: false, types });
export const sizedOrNull = (...types: Struct[]): HelperParameter => ({
  kind: 'sized',
  nullable: true,
  types,
});
/** Memory of which the call may say how much counts. */
export const partlySized = (): HelperParameter => ({
  kind: 'sized',
  nullable: false,
  partly: true,
  types: [],
});
export const mapOf = (...types: MapType[]): HelperParameter => ({ kind: 'map', types });
/** The scalars that helpers take most. */
export const [U32, U64, I32] = [scalar(u32), scalar(u64), scalar(i32)];
/** Of a helper after which the packet may be elsewhere. */
export const moves = { movesPacket: true };
/** A socket that must be released. */
export const heldSocket: HelperResult = { kind: 'socket', type: Sock, release: true };
/** A socket that belongs to somebody else. */
export const borrowedSocket: HelperResult = { kind: 'socket', type: Sock, release: false };

/** Declares a helper function of type `F`; `traits` say what else happens. */
export function helper<F extends (...args: never[]) => unknown>(
  name: string,
  number: number,
  parameters: readonly HelperParameter[],
  result: HelperResult | Scalar | undefined,
  traits: { readonly movesPacket?: boolean; readonly releases?: boolean } = {},
): F {
  const declared = programOnly<F>(name);
  specs.set(
    declared,
    Object.freeze({
      name,
      number,
      parameters,
      result: resultOf(result),
      movesPacket: traits.movesPacket ?? false,
      releases: traits.releases ?? false,
    }),
  );
  return declared;
}

function resultOf(result: HelperResult | Scalar | undefined): HelperResult {
  if (result === undefined) return { kind: 'void' };
  return result.kind === 'scalar' && 'bits' in result
    ? { kind: 'scalar', type: result }
    : (result as HelperResult);
}
