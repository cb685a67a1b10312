/**
 * Function and line records of a program, by which the kernel names its functions and quotes its source in verifier logs
 * and dumps (Documentation/bpf/btf.rst, "BTF.ext"). They are passed beside the instructions in BPF_PROG_LOAD and refer to
 * types and strings of the program's BTF. Offsets count instructions of 8 bytes; in an ELF file they would count bytes.
 */

import { WaggleError } from '@waggle/bpf';
import type { BtfBuilder } from './builder.ts';
import { FUNCTION_INFO_SIZE, HOST_IS_LITTLE_ENDIAN, LINE_INFO_SIZE, MAX_COLUMN, MAX_LINE } from './format.ts';

/** Where a function of the program starts, and its BTF type of kind function. */
export interface FunctionInfo {
  readonly instructionOffset: number;
  readonly typeId: number;
}

/** The source of the instructions from an offset to that of the next record; line and column count from 1. */
export interface LineInfo {
  readonly instructionOffset: number;
  readonly file: string;
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Encodes function records in 8 bytes each (`struct bpf_func_info`). The first must be at instruction 0 and each after
 * the one before, or BAD_DECLARATION is thrown.
 */
export function encodeFunctionInfo(records: readonly FunctionInfo[]): Uint8Array {
  checkOrder(records, 'function');
  const first = records[0]?.instructionOffset ?? 0;
  if (first !== 0)
    throw new WaggleError('BAD_DECLARATION', `the first function starts at instruction ${first}`);
  return encode(
    FUNCTION_INFO_SIZE,
    records.map(({ instructionOffset, typeId }) => [instructionOffset, typeId]),
  );
}

/**
 * Encodes line records in 16 bytes each (`struct bpf_line_info`) and adds their strings to the builder, so call it before
 * build(). Each must be after the one before, or BAD_DECLARATION is thrown; the kernel wants one at the start of every
 * function. Columns above 1023 are kept as 1023, the largest that the format holds.
 */
export function encodeLineInfo(records: readonly LineInfo[], builder: BtfBuilder): Uint8Array {
  checkOrder(records, 'line');
  return encode(
    LINE_INFO_SIZE,
    records.map(({ instructionOffset, file, source, line, column }) => {
      if (!Number.isInteger(line) || line < 0 || line > MAX_LINE || !Number.isInteger(column) || column < 0) {
        throw new WaggleError('OUT_OF_RANGE', `line ${line}, column ${column} of ${file} cannot be recorded`);
      }
      const position = line * 1024 + Math.min(column, MAX_COLUMN);
      return [instructionOffset, builder.string(file), builder.string(source), position];
    }),
  );
}

function checkOrder(records: readonly { readonly instructionOffset: number }[], what: string): void {
  let last = -1;
  for (const { instructionOffset } of records) {
    if (!Number.isInteger(instructionOffset) || instructionOffset <= last) {
      throw new WaggleError(
        'BAD_DECLARATION',
        `the ${what} record of instruction ${instructionOffset} cannot follow that of ${last}`,
      );
    }
    last = instructionOffset;
  }
}

function encode(recordSize: number, records: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(recordSize * records.length);
  const view = new DataView(bytes.buffer);
  for (const [index, words] of records.entries()) {
    for (const [position, word] of words.entries()) {
      view.setUint32(index * recordSize + position * 4, word, HOST_IS_LITTLE_ENDIAN);
    }
  }
  return bytes;
}
