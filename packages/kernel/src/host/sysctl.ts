/**
 * Kernel parameters (sysctl(8)), read and written under /proc/sys. Those of `net` belong to the network namespace of the
 * calling thread: `namespace.run(() => writeSysctl('net.ipv4.ip_forward', '1'))`.
 *
 * A name is written with dots or with slashes, whichever comes first in it; the other character then stands for the one
 * in a file name. So a device called `eth0.100` is `net/ipv4/conf/eth0.100/forwarding` or `net.ipv4.conf.eth0/100.forwarding`.
 */
import * as fs from 'node:fs';
import { describe, WaggleError } from '@waggle/bpf';
import type { KernelErrorOptions } from '../errors.ts';
import { fileOperation } from './files.ts';

const ROOT = '/proc/sys';
const hint: KernelErrorOptions = {
  hint: 'The name may be misspelt, belong to a device that is not there, or need root',
};

/**
 * The value of a parameter, without the newline at its end.
 * @throws KernelError NOT_FOUND, DENIED; WaggleError MALFORMED for a name that is none.
 */
export function readSysctl(name: string): string {
  const path = sysctlPath(name);
  return fileOperation('read', `sysctl ${name}`, () => fs.readFileSync(path, 'utf8'), hint).trim();
}

/**
 * Sets a parameter.
 * @throws KernelError NOT_FOUND, DENIED, or INVALID for a value that the kernel does not accept; WaggleError MALFORMED for a name that is none.
 */
export function writeSysctl(name: string, value: string | number): void {
  const path = sysctlPath(name);
  const text = String(value);
  const write = () => {
    // Opened for writing alone: some parameters cannot be read.
    const fd = fs.openSync(path, fs.constants.O_WRONLY);
    try {
      // In one call: a parameter takes each write as a whole value.
      fs.writeSync(fd, `${text}\n`);
    } finally {
      fs.closeSync(fd);
    }
  };
  fileOperation('write', `${JSON.stringify(text)} to sysctl ${name}`, write, hint);
}

/** The file of a parameter. */
export function sysctlPath(name: string): string {
  const separator = typeof name === 'string' ? /[./]/.exec(name)?.[0] : undefined;
  const parts =
    separator === '.'
      ? name.split('.').map((part) => part.replaceAll('/', '.'))
      : separator === '/'
        ? name.split('/')
        : [];
  const valid = parts.length > 0 && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (valid && !name.includes('\0')) return `${ROOT}/${parts.join('/')}`;
  throw new WaggleError('MALFORMED', `${describe(name)} is not the name of a sysctl`, {
    hint: 'Write net.ipv4.ip_forward or net/ipv4/ip_forward',
  });
}
