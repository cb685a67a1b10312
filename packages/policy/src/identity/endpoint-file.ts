/**
 * Files of endpoints: whom policies are tried on where no agent runs. A list of endpoints with their labels, addresses and
 * named ports, in YAML or JSON.
 */
import { readDocuments } from '../documents/documents.ts';
import type { Part } from '../documents/part.ts';
import { Reading } from '../documents/reading.ts';
import { KUBERNETES_SOURCE, type Label, NAMESPACE_KEY, parseLabelKey, sortLabels } from '../labels/label.ts';
import { isPortName, LAST_PORT } from '../rules/ports.ts';
import { readPrefix } from '../rules/prefix.ts';
import { type Place, PROTOCOLS } from '../rules/rule.ts';
import { formatCidr } from './cidr.ts';
import type { NamedPort } from './identity.ts';

/** An endpoint, as it stands in a file. */
export interface EndpointDescription {
  /** One name stands for one endpoint of its namespace; without one in the file it is `endpoint-N`, the Nth of the text. */
  readonly name: string;
  readonly namespace?: string;
  /** Sorted, with that of the namespace. */
  readonly labels: readonly Label[];
  readonly addresses: readonly string[];
  readonly namedPorts: readonly NamedPort[];
  /** The number of its identity, where the file gives one. */
  readonly identity?: number;
  readonly place: Place;
}

export interface ParseEndpointsOptions {
  /** What the text is called in places and messages. */
  readonly file?: string;
}

const LAST_IDENTITY = 0xffffffff;

/**
 * Reads endpoints.
 *
 * @param text - YAML or JSON: a list, or a map with the list under `endpoints`.
 * @param options - What the text is called.
 * @throws {@link PolicyFileError} with all problems of the text.
 */
export function parseEndpoints(text: string, options: ParseEndpointsOptions = {}): EndpointDescription[] {
  const reading = new Reading(text, options.file);
  const endpoints: EndpointDescription[] = [];
  const known = new Map<string, Place>();
  for (const part of [...readDocuments(reading)].flatMap(itemsOf)) {
    const endpoint = readEndpoint(part, `endpoint-${endpoints.length + 1}`);
    if (endpoint === undefined) continue;
    const name = endpoint.namespace === undefined ? endpoint.name : `${endpoint.namespace}/${endpoint.name}`;
    const other = known.get(name);
    if (other !== undefined) part.refuse(`There is another endpoint ${name}, in line ${other.line}.`);
    known.set(name, endpoint.place);
    endpoints.push(endpoint);
  }
  reading.finish();
  return endpoints;
}

const itemsOf = (document: Part): Part[] =>
  document.node.kind === 'list'
    ? document.items()
    : (document.fields(['endpoints'])?.need('endpoints')?.items() ?? []);

function readEndpoint(part: Part, unnamed: string): EndpointDescription | undefined {
  const fields = part.fields(['name', 'namespace', 'labels', 'addresses', 'namedPorts', 'identity']);
  if (fields === undefined) return undefined;
  const name = fields.get('name')?.word() ?? unnamed;
  const namespace = fields.get('namespace')?.word();
  const labelsPart = fields.need('labels');
  const labels = labelsPart?.node.kind === 'map' ? readLabelMap(labelsPart) : labelsPart?.list(readLabel);
  const addresses = fields.get('addresses')?.list(readAddress) ?? [];
  const namedPorts = fields.get('namedPorts')?.list(readNamedPort) ?? [];
  const identity = fields.get('identity')?.integer(1, LAST_IDENTITY);
  const own =
    namespace === undefined ? [] : [{ source: KUBERNETES_SOURCE, key: NAMESPACE_KEY, value: namespace }];
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: sortLabels([...own, ...(labels ?? [])]),
    addresses,
    namedPorts,
    ...(identity !== undefined && { identity }),
    place: part.place,
  };
}

/** `source:key=value`. Labels without a source are those of Kubernetes, so that its policies find them, too. */
function readLabel(part: Part): Label | undefined {
  const text = part.word();
  if (text === undefined) return undefined;
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  return labelOf(part, name, equals === -1 ? '' : text.slice(equals + 1));
}

const readLabelMap = (part: Part): Label[] =>
  part.entries().flatMap(([name, valuePart]) => {
    const { node } = valuePart;
    const value = node.kind === 'scalar' && node.value === null ? '' : valuePart.text();
    return value === undefined ? [] : (labelOf(valuePart, name, value) ?? []);
  });

function labelOf(part: Part, name: string, value: string): Label | undefined {
  const label = { ...parseLabelKey(name, KUBERNETES_SOURCE), value };
  return label.key === '' ? part.refuse('A label needs a key.', 'Allowed: as "source:key=value".') : label;
}

function readAddress(part: Part): string | undefined {
  const cidr = readPrefix(part, 'allowed');
  if (cidr === undefined) return undefined;
  const full = formatCidr(cidr);
  const address = full.slice(0, full.indexOf('/'));
  return part.text()?.includes('/')
    ? part.refuse('This is a prefix.', `Allowed: an address, as ${address}.`)
    : address;
}

function readNamedPort(part: Part): NamedPort | undefined {
  const fields = part.fields(['name', 'protocol', 'port']);
  const namePart = fields?.need('name');
  const name = namePart?.word();
  const protocolPart = fields?.get('protocol');
  const protocol = protocolPart === undefined ? 'TCP' : protocolPart.oneOf(PROTOCOLS);
  const port = fields?.need('port')?.integer(1, LAST_PORT);
  if (name !== undefined && !isPortName(name)) {
    return namePart?.refuse(
      `${JSON.stringify(name)} is no name of a port.`,
      'Allowed: at most 15 letters, digits and "-" with at least one letter.',
    );
  }
  if (name === undefined || protocol === undefined || port === undefined) return undefined;
  return { name: name.toLowerCase(), protocol, port };
}
