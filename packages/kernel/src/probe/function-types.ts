/** The types of the functions of a trial program, for what the kernel only takes from programs that tell them. */
import type { Infer } from '@waggle/bpf';
import { BtfBuilder, encodeFunctionInfo, encodeLineInfo, type LineInfo } from '@waggle/compiler';
import { loadBtf } from '../btf-object.ts';
import type { ProgramLoad } from '../sys/attributes.ts';
import type { AttributeValues } from '../sys/bpf.ts';
import { NativeBuffer } from '../sys/memory.ts';

const FUNCTION_RECORD_SIZE = 8;
const LINE_RECORD_SIZE = 16;

/**
 * Loads BTF in which every function is `int function(void)`, and runs `use` with the fields of BPF_PROG_LOAD that refer to it.
 * @param starts the instruction slots at which the functions begin.
 * @throws KernelError when the kernel refuses the BTF.
 */
export function withFunctionTypes<Result>(
  starts: readonly number[],
  use: (fields: AttributeValues<Infer<typeof ProgramLoad>>) => Result,
  lines: readonly LineInfo[] = [],
): Result {
  const builder = new BtfBuilder();
  const prototype = builder.functionPrototype(builder.int('int', 4, 'signed'), []);
  const functions = starts.map((instructionOffset, index) => ({
    instructionOffset,
    typeId: builder.function(`function${index}`, prototype),
  }));
  const lineInfo = encodeLineInfo(lines, builder);
  const btf = loadBtf(builder.build(), 'a probe');
  try {
    return use({
      prog_btf_fd: btf.fd,
      func_info: NativeBuffer.from(encodeFunctionInfo(functions)),
      func_info_rec_size: FUNCTION_RECORD_SIZE,
      func_info_cnt: functions.length,
      ...(lines.length === 0
        ? {}
        : {
            line_info: NativeBuffer.from(lineInfo),
            line_info_rec_size: LINE_RECORD_SIZE,
            line_info_cnt: lines.length,
          }),
    });
  } finally {
    btf.close();
  }
}
