/** XDP: a program on a device's receive path, before the stack has allocated anything. */
import type { Device } from '../net/device.ts';
import type { Program } from '../program/program.ts';
import { LinkCreate } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { AttachType } from './attach-type.ts';
import { interfaceIndex } from './device.ts';
import { createLink, type Link } from './link.ts';

/** XDP_FLAGS_* (include/uapi/linux/if_link.h); without one the kernel takes native where the driver has it. */
const modes = { auto: 0, generic: 2, native: 4, offload: 8 } as const;

/** Options of {@link attachXdp}. */
export interface XdpOptions {
  /** `native` in the driver, `generic` in the stack, `offload` in the card; `auto` prefers native. */
  readonly mode?: keyof typeof modes;
}

/**
 * Attaches an XDP program to a device. One program a device and mode.
 * @throws KernelError BUSY when the device has one, NOT_SUPPORTED when the driver lacks the mode.
 */
export function attachXdp(program: Program, device: Device, { mode = 'auto' }: XdpOptions = {}): Link {
  const attribute = new Attribute(LinkCreate, {
    prog_fd: program.fd,
    target_fd: interfaceIndex(device),
    attach_type: AttachType.xdp,
    flags: modes[mode],
  });
  return createLink(attribute, program, `device ${device}`, (number) => {
    if (number === errno.EBUSY || number === errno.EEXIST)
      return 'The device has an XDP program already; detach that one, or update its link';
    if (number === errno.EOPNOTSUPP && mode !== 'generic')
      return `The driver has no ${mode} XDP; try mode "generic"`;
    return undefined;
  });
}
