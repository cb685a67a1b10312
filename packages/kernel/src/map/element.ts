/**
 * How the keys and values of a map look in the memory of a bpf(2) call. Most are what the declaration says; per-CPU
 * values are one slot for each CPU that could exist; references to kernel objects go in as descriptors and come out as ids.
 */
import { readFileSync } from 'node:fs';
import { codecOf, littleEndian, type Type, WaggleError } from '@waggle/bpf';

/** Writes `In`, reads `Out`; like a codec of @waggle/bpf, whose two are the same. */
export interface Element<In, Out = In> {
  /** Bytes in a call; a multiple of what the map's own value size says for per-CPU values. */
  readonly size: number;
  write(view: DataView, offset: number, value: In): void;
  read(view: DataView, offset: number): Out;
}

/** A declared value, as it is. */
export const plain = <T>(type: Type<T>): Element<T> => codecOf(type);

/** One value for each possible CPU, each in a slot of a multiple of 8 bytes; an array indexed by CPU. */
export function perCpu<T>(type: Type<T>): Element<readonly T[], T[]> {
  const codec = codecOf(type);
  const stride = Math.ceil(codec.size / 8) * 8;
  const count = possibleCpus();
  return {
    size: stride * count,
    write(view, offset, values) {
      if (!Array.isArray(values) || values.length !== count) {
        throw new WaggleError(
          'WRONG_SIZE',
          `a per-CPU value is an array of ${count} values, one for each CPU`,
        );
      }
      for (let cpu = 0; cpu < count; cpu++) codec.write(view, offset + cpu * stride, values[cpu]);
    },
    read(view, offset) {
      const values: T[] = [];
      for (let cpu = 0; cpu < count; cpu++) values.push(codec.read(view, offset + cpu * stride));
      return values;
    },
  };
}

/** Something that the kernel finds by file descriptor: a map, a program, a cgroup directory, a socket. */
export interface HasDescriptor {
  readonly fd: number;
}

/** A kernel object; the kernel answers with its id. */
export const objectReference: Element<HasDescriptor, number> = {
  size: 4,
  write: (view, offset, { fd }) => view.setUint32(offset, fd, littleEndian),
  read: (view, offset) => view.getUint32(offset, littleEndian),
};

/** A socket; the kernel answers with its cookie, as `ss -e` shows it. Written with 8 bytes, the width of a cookie. */
export const socketReference: Element<HasDescriptor, bigint> = {
  size: 8,
  write: (view, offset, { fd }) => view.setBigUint64(offset, BigInt(fd), littleEndian),
  read: (view, offset) => view.getBigUint64(offset, littleEndian),
};

let cpus: number | undefined;

/** How many CPUs the kernel prepares for: the number of slots of a per-CPU value. */
export function possibleCpus(): number {
  cpus ??= countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'));
  return cpus;
}

/** Counts the CPUs of a list such as `0-3,8`. */
export function countCpus(list: string): number {
  let count = 0;
  for (const part of list.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) throw new WaggleError('MALFORMED', `${JSON.stringify(list)} is no list of CPUs`);
    count += Number(match[2] ?? match[1]) - Number(match[1]) + 1;
  }
  return count;
}
