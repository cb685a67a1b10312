/**
 * Programs at a device's ingress and egress, behind XDP and before the stack: tcx links where the kernel has them
 * (6.6), a classifier at the clsact queueing discipline where not. Both keep the program when this process ends:
 * a link while it is pinned, a classifier until it is removed.
 */
import { KernelError } from '../errors.ts';
import type { Device } from '../net/device.ts';
import type { Direction } from '../net/filters.ts';
import { Network } from '../net/network.ts';
import type { Program } from '../program/program.ts';
import { LinkCreateOrdered } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { AttachType } from './attach-type.ts';
import { interfaceIndex } from './device.ts';
import { createLink, Link } from './link.ts';

/** A program at a device, however this kernel holds it there. */
export interface TrafficControlAttachment extends Disposable {
  readonly mechanism: 'tcx' | 'clsact';
  /** The link, to be pinned; clsact has none, and keeps the program until `detach`. */
  readonly link: Link | undefined;
  /** Exchanges the program without a packet passing in between. */
  update(program: Program): void;
  detach(): void;
}

/** The kernel gives priorities from here downwards to filters that ask for none; ours run before those. */
const FIRST_AUTOMATIC_PRIORITY = 0xc000;

/** BPF_F_BEFORE, BPF_F_AFTER, BPF_F_LINK: the place relative to another program of the hook. */
const BEFORE = 1 << 3;
const AFTER = 1 << 4;
const RELATIVE_TO_LINK = 1 << 13;

/** Where among the programs of a hook: first, last (the default), or next to another link or program. */
export type Place =
  | 'first'
  | 'last'
  | { readonly before: Link | Program }
  | { readonly after: Link | Program };

/**
 * Attaches a tc program to a device by a tcx link.
 * @throws KernelError INVALID on kernels before 6.6; {@link attachTrafficControl} works on those as well.
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

/**
 * Attaches a tc program to a device behind those that are there: by tcx, or where the kernel is older than that, as a
 * classifier at clsact, which is created if need be and stays.
 * @param mechanism asks for one of the two.
 */
export function attachTrafficControl(
  program: Program,
  device: Device,
  direction: Direction,
  mechanism?: 'tcx' | 'clsact',
): TrafficControlAttachment {
  if (mechanism === 'clsact') return attachClassifier(program, device, direction);
  try {
    return linkAttachment(attachTcx(program, device, direction));
  } catch (error) {
    // Kernels before 6.6 find the attach type invalid.
    const missing = error instanceof KernelError && error.code === 'INVALID';
    if (mechanism === 'tcx' || !missing) throw error;
    return attachClassifier(program, device, direction);
  }
}

function linkAttachment(link: Link): TrafficControlAttachment {
  const detach = () => {
    if (link.closed) return;
    link.detach();
    link.close();
  };
  return {
    mechanism: 'tcx',
    link,
    update: (program) => link.update(program),
    detach,
    [Symbol.dispose]: detach,
  };
}

function attachClassifier(program: Program, device: Device, direction: Direction): TrafficControlAttachment {
  // The socket stays in this namespace, so that updates work from any other.
  const network = Network.open();
  try {
    const index = interfaceIndex(device);
    network.qdiscs.ensureClsact(index);
    const others = network.filters.list({ device: index, direction }).map(({ priority }) => priority);
    const last = Math.max(0, ...others.filter((priority) => priority < FIRST_AUTOMATIC_PRIORITY));
    const place = { device: index, direction, priority: last + 1, handle: 1 };
    network.filters.add({ ...place, program, name: program.name });
    let attached = true;
    const detach = () => {
      if (!attached) return;
      attached = false;
      try {
        network.filters.delete(place);
      } finally {
        network.close();
      }
    };
    return {
      mechanism: 'clsact',
      link: undefined,
      update: (next) => network.filters.replace({ ...place, program: next, name: next.name }),
      detach,
      [Symbol.dispose]: detach,
    };
  } catch (error) {
    network.close();
    throw error;
  }
}
