/** Programs of a socket map: what happens to messages and stream data of the sockets in it. */
import { type ProgramType, programTypes, WaggleError } from '@waggle/bpf';
import type { Program } from '../program/program.ts';
import { ProgramAttach } from '../sys/attributes.ts';
import { Command, execute } from '../sys/bpf.ts';
import { attachError } from './link.ts';

/** A program attached to a map, until {@link detach}; it goes away with the map at the latest. */
export interface SocketMapAttachment extends Disposable {
  detach(): void;
}

/**
 * Attaches a program (skMsg, skSkbVerdict, skSkbStreamVerdict, skSkbStreamParser) to a socket map or hash. Kernels
 * before 6.10 know no link here, so the attachment is not tied to a descriptor: it ends with `detach` or with the map.
 */
export function attachSocketMap(
  program: Program,
  type: ProgramType,
  map: { readonly fd: number; readonly object: string },
): SocketMapAttachment {
  const { attachType } = programTypes[type];
  if (attachType === undefined) {
    throw new WaggleError('BAD_DECLARATION', `programs of type ${type} are not attached to socket maps`);
  }
  const values = () => ({ target_fd: map.fd, attach_bpf_fd: program.fd, attach_type: attachType });
  const result = execute(Command.programAttach, ProgramAttach, values());
  if (result < 0) throw attachError(program, map.object, -result);
  const detach = () => {
    execute(Command.programDetach, ProgramAttach, values());
  };
  return { detach, [Symbol.dispose]: detach };
}
