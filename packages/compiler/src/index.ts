export { assemble, type Code, SLOT } from './backend/assemble.ts';
export { decode } from './backend/decode.ts';
export { type DisassembleOptions, disassemble, instructionText } from './backend/disassemble.ts';
export { type GenerateOptions, generate } from './backend/generate.ts';
export { Helper } from './backend/helper.ts';
export * from './backend/instruction.ts';
export { assembleText, parseText } from './backend/text-assembler.ts';
export * from './btf/index.ts';
export * from './elf/index.ts';
export * from './interpreter/index.ts';
export { FunctionBuilder } from './ir/builder.ts';
export type {
  Block,
  BlockId,
  Edge,
  IrFunction,
  IrInstruction,
  IrProgram,
  Operation,
  Terminator,
  Value,
} from './ir/ir.ts';
export { parseIr } from './ir/parse.ts';
export { printIr } from './ir/print.ts';
export type { IrType, Space } from './ir/type.ts';
export { validateIr } from './ir/validate.ts';
export { type FinishOptions, finishProgram, type GivenConfigs } from './modules/finish.ts';
export { type GeneratedCode, generatedFromJson, generatedToJson } from './modules/generated-code.ts';
export { type ProgramJson, programFromJson, programToJson } from './modules/program-json.ts';
export { CodeVariants, type FinishedCode, type VariantOptions } from './modules/variants.ts';
export * from './passes/index.ts';
