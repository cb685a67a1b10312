/** BTF in the kernel: type information that maps and programs are created with. */
import { KernelError } from './errors.ts';
import { BtfLoad } from './sys/attributes.ts';
import { Command, execute } from './sys/bpf.ts';
import { Descriptor } from './sys/descriptor.ts';
import { errno } from './sys/errno.ts';
import { NativeBuffer } from './sys/memory.ts';

const LOG_SIZE = 64 * 1024;

/**
 * Loads BTF; the caller closes the descriptor once everything that refers to it exists.
 * @throws KernelError whose hint is the kernel's own sentence when it found the BTF invalid.
 */
export function loadBtf(bytes: Uint8Array, object: string): Descriptor {
  const btf = NativeBuffer.from(bytes);
  const values = { btf, btf_size: btf.size };
  const result = execute(Command.btfLoad, BtfLoad, values);
  if (result >= 0) return new Descriptor(result, `BTF of ${object}`);

  const log = new NativeBuffer(LOG_SIZE);
  execute(Command.btfLoad, BtfLoad, {
    ...values,
    btf_log_buf: log,
    btf_log_size: log.size,
    btf_log_level: 1,
  });
  const text = Buffer.from(log.bytes.subarray(0, log.bytes.indexOf(0)))
    .toString()
    .trim();
  throw new KernelError(
    'load the BTF of',
    object,
    -result,
    text ? { hint: text.split('\n').at(-1) ?? text } : {},
  );
}

/** Loads BTF where the kernel knows it; undefined where it does not (before 4.18, or without the privilege). */
export function tryLoadBtf(bytes: Uint8Array, object: string): Descriptor | undefined {
  try {
    return loadBtf(bytes, object);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const missing = [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUPP].includes(error.errno);
    if (missing) return undefined;
    throw error;
  }
}
