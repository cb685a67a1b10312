/**
 * Programs of a control group (v2): on the sockets and packets of its processes and of those in the groups below it.
 * Several programs at one hook run from the innermost group outwards, and within a group in the order of attachment.
 */
import { type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import type { Cgroup } from '../host/cgroup.ts';
import type { Program } from '../program/program.ts';
import { LinkCreate } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { createLink, type Link } from './link.ts';

/**
 * Attaches a program to a control group.
 * @param type the type the program was loaded as: `cgroupConnect4`, `cgroupSkbEgress`, `sockOps` …
 * @throws WaggleError BAD_DECLARATION when the type is none of control groups; KernelError INVALID when the program is of another.
 */
export function attachCgroup(program: Program, type: ProgramType, cgroup: Cgroup): Link {
  const { attachType } = programTypes[type];
  if (attachType === undefined) {
    throw new WaggleError('BAD_DECLARATION', `programs of type ${type} are not attached to control groups`);
  }
  const attribute = new Attribute(LinkCreate, {
    prog_fd: program.fd,
    target_fd: cgroup.fd,
    attach_type: attachType,
  });
  return createLink(attribute, program, `control group ${cgroup.directory}`, (number) =>
    number === errno.EINVAL
      ? `A program of type ${type} cannot be attached to control groups of this kernel`
      : undefined,
  );
}
