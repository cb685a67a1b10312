/** Ids of endpoints in paths: `[prefix:]id`, in the field's forms and by name. */
import { isIP } from 'node:net';
import { WaggleError } from '@waggle/bpf';
import type { EndpointReference } from '../control.ts';

const FORMS: Readonly<Record<string, (id: string) => EndpointReference>> = {
  'cilium-local': (id) => {
    if (!/^\d{1,5}$/.test(id) || Number(id) > 65_535)
      throw malformed(id, 'is no number of an endpoint: these are 1 to 65535');
    return { id: Number(id) };
  },
  name: (name) => ({ name }),
  'container-id': (containerId) => ({ containerId }),
  'container-name': (containerName) => ({ containerName }),
  // The container and the device in it; a container has one endpoint here.
  'cni-attachment-id': (id) => ({ containerId: id.split(':')[0] ?? id }),
  'pod-name': (id) => ({ name: id.replace(':', '/') }),
  'cep-name': (id) => ({ name: id }),
  ipv4: (address) => addressOf(address, 4),
  ipv6: (address) => addressOf(address, 6),
};

/**
 * Reads an id of a path.
 *
 * @throws {@link WaggleError} MALFORMED for one of no known form.
 */
export function parseEndpointId(text: string): EndpointReference {
  const colon = text.indexOf(':');
  const prefix = colon === -1 ? 'cilium-local' : text.slice(0, colon);
  const id = text.slice(colon + 1);
  const form = Object.hasOwn(FORMS, prefix) ? FORMS[prefix] : undefined;
  if (!form)
    throw malformed(text, `has no known form: it must be a number, or begin with one of ${PREFIXES}`);
  if (id === '') throw malformed(text, 'has nothing after its prefix');
  return form(id);
}

const PREFIXES = Object.keys(FORMS)
  .map((prefix) => `${prefix}:`)
  .join(' ');

function addressOf(address: string, family: 4 | 6): EndpointReference {
  if (isIP(address) !== family) throw malformed(address, `is no IPv${family} address`);
  return { address };
}

const malformed = (text: string, problem: string): WaggleError =>
  new WaggleError('MALFORMED', `The endpoint id ${JSON.stringify(text.slice(0, 100))} ${problem}.`);
