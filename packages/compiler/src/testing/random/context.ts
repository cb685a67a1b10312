/** What the parts of the generator share: the decisions, and the names that can be used at a place. */
import type { Scalar } from '@waggle/bpf';
import type { Choices } from './choices.ts';
import type { StructName } from './declarations.ts';
import type { Memory } from './values.ts';

/** An expression: its source text, and what it yields. `text` is in parentheses where it needs them. */
export interface Expression {
  readonly type: Scalar;
  readonly text: string;
  readonly value: (memory: Memory) => bigint;
}

/** How a statement ends: `undefined` goes on with the next one, a number is returned. */
export type Ending = undefined | 'break' | 'continue' | { readonly returned: bigint };

export interface Statement {
  readonly text: string;
  readonly run: (memory: Memory) => Ending;
}

export interface Variable {
  readonly name: string;
  readonly type: Scalar;
  readonly mutable: boolean;
}

/** A name for a struct that is not null. */
export interface Pointer {
  readonly name: string;
  readonly to: StructName;
  readonly space: 'stack' | 'map' | 'packet' | 'unknown';
}

/** A function that can be called. */
export interface Callable {
  readonly name: string;
  readonly parameters: readonly (
    | { readonly name: string; readonly scalar: Scalar }
    | { readonly name: string; readonly struct: StructName }
  )[];
  readonly result: Scalar | undefined;
  readonly takesContext: boolean;
  readonly run: (memory: Memory) => bigint;
}

/** Where an expression or a statement stands. */
export interface Context {
  readonly choices: Choices;
  readonly variables: readonly Variable[];
  readonly pointers: readonly Pointer[];
  readonly functions: readonly Callable[];
  /** The name of the context of the program, where there is one. */
  readonly packet: string | undefined;
  /** What is returned here. */
  readonly result: Scalar | undefined;
  /** How many loops are around. */
  readonly loops: number;
  /** How many more statements may be nested. */
  readonly depth: number;
  /** A name that nothing else has. */
  readonly fresh: (prefix: string) => string;
}
