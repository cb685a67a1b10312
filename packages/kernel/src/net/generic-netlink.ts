/**
 * Generic netlink: families that are known by name, and whose message type the kernel tells on request
 * (include/uapi/linux/genetlink.h).
 */
import { KernelError } from '../errors.ts';
import { errno } from '../sys/errno.ts';
import { MessageBuilder } from './message-builder.ts';
import { parsePayload } from './netlink-message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

const CONTROLLER = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
/** struct genlmsghdr */
export const GENERIC_HEADER_SIZE = 4;

/** A message to a family: its type, then the command. */
export function genericMessage(family: number, command: number): MessageBuilder {
  return new MessageBuilder(family).u8(command, 1).u16(0);
}

/**
 * The message type of a family.
 * @throws KernelError NOT_SUPPORTED when the kernel lacks it.
 */
export function findFamily(socket: NetlinkSocket, name: string): number {
  const intent = { operation: 'find', object: `generic netlink family "${name}"` };
  const message = genericMessage(CONTROLLER, CTRL_CMD_GETFAMILY).addText(CTRL_ATTR_FAMILY_NAME, name);
  try {
    const [reply] = socket.request(message, intent);
    const { attributes } = parsePayload(reply?.payload ?? new Uint8Array(), GENERIC_HEADER_SIZE);
    return attributes.u16(CTRL_ATTR_FAMILY_ID) ?? 0;
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== errno.ENOENT) throw error;
    throw new KernelError(intent.operation, intent.object, error.errno, {
      code: 'NOT_SUPPORTED',
      hint: 'The kernel is too old for it, or was built without',
      cause: error,
    });
  }
}
