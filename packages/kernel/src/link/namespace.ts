/** Programs of a network namespace: sk_lookup (which socket gets a new connection) and the flow dissector. */
import type { Program } from '../program/program.ts';
import { LinkCreate } from '../sys/attributes.ts';
import { Attribute } from '../sys/bpf.ts';
import { errno } from '../sys/errno.ts';
import { AttachType } from './attach-type.ts';
import { createLink, type Link } from './link.ts';

/**
 * Attaches a program to a network namespace. Several sk_lookup programs run in the order of their attachment;
 * there can be one flow dissector.
 * @param namespace an open namespace; its descriptor is only needed for the call.
 */
export function attachNamespace(
  program: Program,
  namespace: { readonly fd: number },
  type: 'skLookup' | 'flowDissector' = 'skLookup',
): Link {
  const attribute = new Attribute(LinkCreate, {
    prog_fd: program.fd,
    target_fd: namespace.fd,
    attach_type: AttachType[type],
  });
  return createLink(attribute, program, 'network namespace', (number) => {
    if (number === errno.E2BIG) return 'A namespace takes 64 sk_lookup programs';
    if (number === errno.EEXIST) return 'The namespace has a flow dissector already';
    return undefined;
  });
}
