/**
 * What an expression turns out to be while it is lowered. Only a scalar, a pointer or a map found in a map exists when the
 * program runs; everything else is known now and leaves no trace but the constants it gives.
 */
import {
  isConfig,
  isKernelStruct,
  isMapSpec,
  isType,
  type KernelFieldType,
  kernelFunctionSpec,
  kernelTypeName,
  type MapSpec,
  type Scalar,
  typeName,
} from '@waggle/bpf';
import type { Value } from '../ir/ir.ts';
import type { Module } from './modules.ts';
import type { FunctionSyntax } from './syntax.ts';

/** A constant that takes the type of what it meets; `of` is what `typeof` says of it. */
export interface Literal {
  readonly kind: 'literal';
  readonly of: 'number' | 'bigint' | 'boolean';
  readonly value: bigint;
}

/** An integer or boolean; values of fewer than 32 bits are in an `i32`, extended as their type says. */
export interface ScalarOperand {
  readonly kind: 'scalar';
  readonly type: Scalar;
  readonly value: Value;
}

/** A field of a struct of the kernel, which is where the running kernel has it. */
export interface KernelMember {
  readonly struct: string;
  /** The names of the field and those around it, up to the struct. */
  readonly path: string;
  /** How many bytes it is declared to have. */
  readonly size?: number;
  /** It is an integer, of which the kernel may have fewer bits. */
  readonly narrow?: true;
}

/** `to` at `offset` bytes after where `value` points, or after the member of what is there. */
export interface Pointer<To extends KernelFieldType = KernelFieldType> {
  readonly kind: 'pointer';
  readonly to: To;
  readonly value: Value;
  readonly offset: number;
  readonly member?: KernelMember;
}

/**
 * A scalar that was looked up: a copy of it, 0 where there was none. `pointer` is null then, and is what is tested.
 */
export interface Optional {
  readonly kind: 'optional';
  readonly type: Scalar;
  readonly value: Value;
  readonly pointer: Value;
}

/** A map that was found in a map of maps. */
export interface FoundMap {
  readonly kind: 'map';
  readonly spec: MapSpec;
  readonly value: Value;
}

export type Operand =
  | Literal
  | ScalarOperand
  | Pointer
  | Optional
  | FoundMap
  | { readonly kind: 'null' }
  | { readonly kind: 'context'; readonly value: Value }
  | {
      readonly kind: 'function';
      readonly module: Module;
      readonly syntax: FunctionSyntax;
      /** Of a method: what `this` is. */
      readonly receiver?: Pointer;
    }
  /** A value of user space: a struct, a map, a config, a table of constants. */
  | { readonly kind: 'static'; readonly value: unknown; readonly name: string }
  | { readonly kind: 'void' };

/** What a type annotation says. */
export type DeclaredType =
  | { readonly kind: 'scalar'; readonly type: Scalar }
  | { readonly kind: 'pointer'; readonly to: KernelFieldType; readonly nullable: boolean }
  | { readonly kind: 'void' }
  /** What a callback answers: with `stops`, whether it wants to be called no more. */
  | { readonly kind: 'turn'; readonly stops: boolean }
  /** What a program answers: 32 bits, signed or not. */
  | { readonly kind: 'verdict' }
  /** Something that is known when the program is compiled: its value says more than its type. */
  | { readonly kind: 'static' };

/** How messages call an operand. */
export function describeOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'literal':
      if (operand.of === 'boolean') return operand.value === 1n ? 'true' : 'false';
      return operand.of === 'bigint' ? `${operand.value}n` : `${operand.value}`;
    case 'scalar':
      return `a ${operand.type.name}`;
    case 'pointer':
      return `a ${kernelTypeName(operand.to)}`;
    case 'optional':
      return `a ${operand.type.name} or null`;
    case 'map':
      return 'a map';
    case 'null':
      return 'null';
    case 'context':
      return 'the context';
    case 'function':
      return 'a function';
    case 'void':
      return 'nothing';
    case 'static':
      return describeStatic(operand.value);
  }
}

function describeStatic(value: unknown): string {
  if (isMapSpec(value)) return 'a map';
  if (isConfig(value)) return 'a config';
  if (isType(value)) return `the type ${typeName(value)}`;
  if (isKernelStruct(value)) return `the type ${kernelTypeName(value)}`;
  if (kernelFunctionSpec(value)) return 'a function of the kernel';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'function') return 'a function';
  if (value === undefined) return 'undefined';
  return Array.isArray(value) ? 'an array' : 'an object';
}
