/** BTF, the type information of the kernel and of eBPF objects: reading, searching, printing and making it. */

export { Btf, type BtfOptions } from './btf.ts';
export { BtfBuilder, type NewMember, type NewParameter, type NewSectionVariable } from './builder.ts';
export type { BtfKind, IntEncoding, Linkage } from './format.ts';
export { type MapBtf, type MapTypes, mapBtf } from './map-btf.ts';
export { printType } from './print.ts';
export { encodeFunctionInfo, encodeLineInfo, type FunctionInfo, type LineInfo } from './program-info.ts';
export type {
  BtfAggregate,
  BtfAnonymousMember,
  BtfArray,
  BtfDataSection,
  BtfDeclarationTag,
  BtfEnum,
  BtfEnum64,
  BtfFloat,
  BtfForward,
  BtfFunction,
  BtfFunctionPrototype,
  BtfInt,
  BtfMember,
  BtfRawMember,
  BtfReference,
  BtfType,
  BtfTypeOf,
  BtfTypeTag,
  BtfVariable,
  BtfVoid,
} from './types.ts';
