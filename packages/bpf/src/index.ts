/** The declaration language of a `.bpf.ts` file. */
export * from './address-programs.ts';
export { type Codec, codecOf, littleEndian } from './codec.ts';
export * from './compiled.ts';
export { type Config, type ConfigOptions, config, configSpec, configValues, isConfig } from './config.ts';
export * from './context.ts';
export * from './data-maps.ts';
export { describe } from './describe.ts';
export { type ErrorCode, WaggleError, type WaggleErrorOptions } from './errors.ts';
export * from './headers.ts';
export { isKernelMemory, type KernelMemory, spinLock, timer } from './kernel-memory.ts';
export * from './kernel-types.ts';
export { type HelperParameter, type HelperSpec, helperSpec } from './language/helper.ts';
export * from './language/helpers/index.ts';
export * from './language/kernel-functions.ts';
export * from './language/kernel-structs.ts';
export * from './language/locked.ts';
export * from './language/loops.ts';
export * from './language/map-methods.ts';
export * from './language/memory.ts';
export * from './language/timers.ts';
export { type AccessOptions, isMapSpec, type MapOptions, type MapSpec, type ProgramMap } from './map.ts';
export { MapFlag, type MapOptionName, type MapType, type MapTypeInfo, mapTypes } from './map-types.ts';
export { nearest } from './nearest.ts';
export * from './object-maps.ts';
export { checkObjectName, LONGEST_OBJECT_NAME } from './object-name.ts';
export * from './packet-programs.ts';
export { isProgramDeclaration, type ProgramDeclaration, type ProgramOptions, sectionOf } from './program.ts';
export * from './program-contexts.ts';
export { type ProgramType, type ProgramTypeInfo, programTypes } from './program-types.ts';
export {
  be16,
  be32,
  be64,
  bool,
  type Castable,
  hton16,
  hton32,
  hton64,
  i8,
  i16,
  i32,
  i64,
  ntoh16,
  ntoh32,
  ntoh64,
  rangeOf,
  type Scalar,
  type ScalarName,
  u8,
  u16,
  u32,
  u64,
} from './scalar.ts';
export * from './socket-programs.ts';
export {
  type Field,
  type Fields,
  type FieldValues,
  type KernelField,
  type Struct,
  type StructOptions,
  struct,
} from './struct.ts';
export type { Carries, FieldsWithMethods, Methods, Ref, WithMethods } from './struct-methods.ts';
export * from './tracing-programs.ts';
export {
  type ArrayType,
  array,
  type BytesType,
  bytes,
  type CharsType,
  chars,
  type Infer,
  isType,
  MAX_TYPE_SIZE,
  type Type,
  typeName,
} from './types.ts';
export * from './verdicts.ts';
