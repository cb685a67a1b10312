/**
 * Network devices as targets of programs. The kernel looks a device up in the network namespace of the calling
 * thread: attach to a device elsewhere inside `namespace.run(…)`.
 */
import { WaggleError } from '@waggle/bpf';
import type { Device } from '../net/device.ts';
import * as libc from '../sys/libc.ts';

/** The interface index of a device in the current namespace. @throws WaggleError NOT_FOUND */
export function interfaceIndex(device: Device): number {
  const index = typeof device === 'number' ? device : libc.interfaceIndex(device);
  if (!Number.isInteger(index) || index <= 0) {
    throw new WaggleError('NOT_FOUND', `there is no network device ${JSON.stringify(device)}`, {
      hint: 'Devices are looked up in the network namespace of the caller',
    });
  }
  return index;
}
