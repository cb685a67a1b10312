/**
 * Programs at a device's ingress and egress, behind XDP and before the stack: tcx links where the kernel has them
 * (6.6), a classifier at the clsact queueing discipline where not. Both keep the program when this process ends:
 * a link while it is pinned, a classifier until it is removed.
 */
import type { Program } from '../program/program.ts';
import { LinkCreateOrdered } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { AttachType } from './attach-type.ts';
import { type Device, interfaceIndex } from './device.ts';
import { createLink, Link } from './link.ts';

/** BPF_F_BEFORE, BPF_F_AFTER, BPF_F_LINK: the place relative to another program of the hook. */
const BEFORE = 1 << 3;
const AFTER = 1 << 4;
const RELATIVE_TO_LINK = 1 << 13;

export type Direction = 'ingress' | 'egress';

/** Where among the programs of a hook: first, last (the default), or next to another link or program. */
export type Place =
  | 'first'
  | 'last'
  | { readonly before: Link | Program }
  | { readonly after: Link | Program };

/**
 * Attaches a tc program to a device by a tcx link.
 * @throws KernelError NOT_SUPPORTED or INVALID on kernels before 6.6: use {@link attachClassifier} of the network side there.
 */
export function attachTcx(
  program: Program,
  device: Device,
  direction: Direction,
  place: Place = 'last',
): Link {
  const attribute = new Attribute(LinkCreateOrdered, {
    prog_fd: program.fd,
    target_fd: interfaceIndex(device),
    attach_type: direction === 'ingress' ? AttachType.tcxIngress : AttachType.tcxEgress,
    ...order(place),
  });
  return createLink(attribute, program, `${direction} of device ${device}`, (number) =>
    number === errno.ESTALE
      ? 'The programs of the hook changed meanwhile; try again'
      : number === errno.EEXIST
        ? 'This program is attached here already'
        : undefined,
  );
}

function order(place: Place): { flags?: number; relative_fd?: number } {
  if (place === 'last') return {};
  if (place === 'first') return { flags: BEFORE };
  const [flag, neighbour] = 'before' in place ? [BEFORE, place.before] : [AFTER, place.after];
  return { flags: flag | (neighbour instanceof Link ? RELATIVE_TO_LINK : 0), relative_fd: neighbour.fd };
}
