/**
 * The library of files that hold nothing but programs, in place of the one of JavaScript: what TypeScript itself has to know,
 * and the types in which `@waggle/bpf` is declared. There is no console, no Math and no Array.prototype.map, because there is
 * none in the kernel. See tsconfig.programs.json.
 */

// What the compiler asks for by name.
type Object = {};
type Function = {};
interface CallableFunction extends Function {}
interface NewableFunction extends Function {}
type IArguments = {};
type Number = {};
type Boolean = {};
type BigInt = {};
type String = {};
type RegExp = {};
interface TemplateStringsArray extends ReadonlyArray<string> {}

interface Array<T> {
  readonly length: number;
  [index: number]: T;
  [Symbol.iterator](): IterableIterator<T>;
}
interface ReadonlyArray<T> {
  readonly length: number;
  readonly [index: number]: T;
  [Symbol.iterator](): IterableIterator<T>;
}

// Taking apart arrays goes through iterators.
type Symbol = {};
interface SymbolConstructor {
  readonly iterator: unique symbol;
}
declare var Symbol: SymbolConstructor;
interface IteratorYieldResult<Item> {
  done?: false;
  value: Item;
}
interface IteratorReturnResult<Result> {
  done: true;
  value: Result;
}
type IteratorResult<Item, Result = any> = IteratorYieldResult<Item> | IteratorReturnResult<Result>;
interface Iterator<Item, Result = any, Next = any> {
  next(...given: [] | [Next]): IteratorResult<Item, Result>;
}
interface Iterable<Item, Result = any, Next = any> {
  [Symbol.iterator](): Iterator<Item, Result, Next>;
}
interface IterableIterator<Item, Result = any, Next = any> extends Iterator<Item, Result, Next> {
  [Symbol.iterator](): IterableIterator<Item, Result, Next>;
}
interface IteratorObject<Item, Result, Next> extends Iterator<Item, Result, Next> {
  [Symbol.iterator](): IteratorObject<Item, Result, Next>;
}

// Types of types, which cost nothing.
type Partial<T> = { [P in keyof T]?: T[P] };
type Required<T> = { [P in keyof T]-?: T[P] };
type Readonly<T> = { readonly [P in keyof T]: T[P] };
type Pick<T, K extends keyof T> = { [P in K]: T[P] };
type Record<K extends keyof any, T> = { [P in K]: T };
type Exclude<T, U> = T extends U ? never : T;
type Extract<T, U> = T extends U ? T : never;
type Omit<T, K extends keyof any> = Pick<T, Exclude<keyof T, K>>;
type NonNullable<T> = T & {};
type Parameters<T extends (...args: any) => any> = T extends (...args: infer P) => any ? P : never;
type ReturnType<T extends (...args: any) => any> = T extends (...args: any) => infer R ? R : any;
type NoInfer<T> = intrinsic;
interface ThisType<T> {}
type PropertyKey = string | number | symbol;
type Uppercase<S extends string> = intrinsic;
type Lowercase<S extends string> = intrinsic;
type Capitalize<S extends string> = intrinsic;
type Uncapitalize<S extends string> = intrinsic;

// What declarations of @waggle/bpf name, though programs do not use it.
interface Error {
  readonly name: string;
  readonly message: string;
}
interface ErrorOptions {
  cause?: unknown;
}
interface ErrorConstructor {
  new (message?: string, options?: ErrorOptions): Error;
}
declare var Error: ErrorConstructor;
interface ArrayBufferLike {
  readonly byteLength: number;
}
interface ArrayBuffer extends ArrayBufferLike {}
interface Uint8Array<Memory = ArrayBufferLike> {
  readonly length: number;
  readonly buffer: Memory;
  [index: number]: number;
  [Symbol.iterator](): IterableIterator<number>;
}
interface DataView<Memory = ArrayBufferLike> {
  readonly buffer: Memory;
}
interface ReadonlyMap<K, V> extends Iterable<[K, V]> {
  readonly size: number;
}
interface Map<K, V> extends ReadonlyMap<K, V> {}
interface ReadonlySet<T> extends Iterable<T> {
  readonly size: number;
}
interface Set<T> extends ReadonlySet<T> {}
