/**
 * Iterators: a program that the kernel calls for each of its tasks, sockets, maps … and whose output is read like a
 * file. One attachment can be read any number of times.
 */
import { closeSync, readSync } from 'node:fs';
import { check } from '../errors.ts';
import type { Program } from '../program/program.ts';
import { IteratorCreate, LinkCreateIterator } from '../sys/attributes.ts';
import { Attribute, Command, execute } from '../sys/bpf.ts';
import { NativeBuffer } from '../sys/memory.ts';
import { AttachType } from './attach-type.ts';
import { createLink, type Link } from './link.ts';

/** Attaches an iterator program; with `map`, to the elements of one map (its kind must fit the program). */
export function attachIterator(program: Program, map?: { readonly fd: number }): Link {
  // union bpf_iter_link_info; the map fd is its first member.
  const about = new NativeBuffer(16);
  if (map) about.view.setUint32(0, map.fd, true);
  const attribute = new Attribute(LinkCreateIterator, {
    prog_fd: program.fd,
    attach_type: AttachType.iterator,
    ...(map ? { iter_info: about, iter_info_len: about.size } : {}),
  });
  return createLink(attribute, program, 'iterator');
}

/** Runs an attached iterator to its end: all that the program wrote. */
export function readIterator(link: Link): Uint8Array {
  const fd = check(
    execute(Command.iteratorCreate, IteratorCreate, { link_fd: link.fd }),
    'read',
    link.object,
  );
  try {
    const parts: Buffer[] = [];
    for (;;) {
      const part = Buffer.alloc(65_536);
      const length = readSync(fd, part);
      if (length === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}
