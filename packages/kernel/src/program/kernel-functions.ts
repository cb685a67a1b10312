/**
 * Calls of kernel functions (kfuncs): the instruction holds the number that the function has in the BTF of the running
 * kernel, which is another on each kernel, so it is filled in when a program is loaded.
 */
import { WaggleError } from '@waggle/bpf';
import { type Btf, type Code, SLOT } from '@waggle/compiler';
import { kernelBtf } from '../btf/index.ts';

/**
 * Code with the numbers of the kernel functions that it calls.
 * @param name what messages call the program.
 * @throws WaggleError NOT_SUPPORTED when the kernel has no such function.
 */
export function withKernelFunctions(name: string, code: Code, btf: () => Btf = kernelBtf): Code {
  const { kernelCalls = [], ...rest } = code;
  if (kernelCalls.length === 0) return code;
  const bytes = code.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (const call of kernelCalls) {
    const id = btf().find(call.name, 'function');
    if (id === undefined) {
      throw new WaggleError(
        'NOT_SUPPORTED',
        `program "${name}" calls ${call.name}()${placeOf(code, call.slot)}, which this kernel does not have`,
        { hint: 'It comes with a later kernel, or with a module; a config value can rule the call out' },
      );
    }
    view.setInt32(call.slot * SLOT + 4, id, true);
  }
  return { ...rest, bytes };
}

/** The line of the source that an instruction comes from. */
function placeOf({ lines }: Code, slot: number): string {
  const line = lines.findLast((each) => each.slot <= slot);
  return line ? ` (${line.file}:${line.line})` : '';
}
