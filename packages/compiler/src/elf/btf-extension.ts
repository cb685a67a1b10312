/**
 * The section `.BTF.ext`: function and line records, grouped by the section that they describe, with offsets in bytes
 * (Documentation/bpf/btf.rst, "BTF.ext"). Strings and types are those of `.BTF` beside it.
 */

import { BTF_MAGIC, BTF_VERSION, FUNCTION_INFO_SIZE, LINE_INFO_SIZE } from '../btf/format.ts';
import {
  type BtfBuilder,
  encodeFunctionInfo,
  encodeLineInfo,
  type FunctionInfo,
  type LineInfo,
} from '../btf/index.ts';

/** What is known of the code in a section; offsets count bytes. */
export interface SectionInfo {
  readonly section: string;
  readonly functions: readonly FunctionInfo[];
  readonly lines: readonly LineInfo[];
}

const HEADER_SIZE = 24;
const GROUP_HEADER_SIZE = 8;

/** Encodes the records, adding their strings to the builder: call it before build(). */
export function btfExtension(sections: readonly SectionInfo[], builder: BtfBuilder): Uint8Array {
  const functions = table(FUNCTION_INFO_SIZE, sections, builder, (info) =>
    encodeFunctionInfo(info.functions),
  );
  const lines = table(LINE_INFO_SIZE, sections, builder, (info) => encodeLineInfo(info.lines, builder));
  const header = new Uint8Array(HEADER_SIZE);
  const view = new DataView(header.buffer);
  view.setUint16(0, BTF_MAGIC, true);
  view.setUint8(2, BTF_VERSION);
  view.setUint32(4, HEADER_SIZE, true);
  view.setUint32(12, functions.length, true);
  view.setUint32(16, functions.length, true);
  view.setUint32(20, lines.length, true);
  return Buffer.concat([header, functions, lines]);
}

/** The size of a record, then for each section that has any its name, their number and the records. */
function table(
  recordSize: number,
  sections: readonly SectionInfo[],
  builder: BtfBuilder,
  encode: (info: SectionInfo) => Uint8Array,
): Uint8Array {
  const groups = sections.flatMap((info) => {
    const records = encode(info);
    if (records.length === 0) return [];
    const header = words(builder.string(info.section), records.length / recordSize);
    return [Buffer.concat([header, records], GROUP_HEADER_SIZE + records.length)];
  });
  return groups.length === 0 ? new Uint8Array() : Buffer.concat([words(recordSize), ...groups]);
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return bytes;
}
