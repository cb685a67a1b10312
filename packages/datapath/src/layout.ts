/**
 * The maps of a host's datapath, how large they are, and what their layout is called. Whoever adds a map to the programs adds it
 * to {@link mapSpecs}: then it is created, pinned, adopted and removed with all others.
 */
import { createHash } from 'node:crypto';
import { type MapSpec, ringBuffer, type Type, WaggleError } from '@waggle/bpf';
import { KernelError, type MapOf } from '@waggle/kernel';
import { endpoints, ipcache, ipcacheHosts, MAX_ENDPOINTS, MAX_PREFIXES } from './addresses.bpf.ts';
import { clocks } from './clock.bpf.ts';
import { connections4, connections6, generations, MAX_CONNECTIONS } from './connection.bpf.ts';
import { programs } from './endpoint.bpf.ts';
import { accounts, EVENT_BYTES, events } from './event.bpf.ts';
import { ranges } from './masquerade.bpf.ts';
import { MAX_TRANSLATIONS, translations } from './nat.bpf.ts';
import { MAX_POLICIES, MAX_POLICY_ENTRIES, policies, policy } from './policy.bpf.ts';
import { MAX_PUBLISHED, published } from './published.bpf.ts';
import { metrics } from './report.bpf.ts';
import { datagrams } from './transport.bpf.ts';

export const mapSpecs = {
  endpoints,
  ipcache,
  ipcacheHosts,
  policies,
  connections4,
  connections6,
  generations,
  clocks,
  metrics,
  datagrams,
  events,
  accounts,
  translations,
  ranges,
  published,
  programs,
};

/** All maps, open; programs have the same names for them. */
export type DatapathMaps = { readonly [Name in keyof typeof mapSpecs]: MapOf<(typeof mapSpecs)[Name]> };

/** How much there is room for. Maps keep the size with which they were created as long as they are pinned. */
export interface DatapathSizes {
  /** Connections of each family that are remembered; those that were quiet for longest are forgotten first. */
  readonly maxConnections?: number;
  /** Addresses of endpoints on this host. */
  readonly maxEndpoints?: number;
  /** Addresses whose identity is known, and as many prefixes of more than one. */
  readonly maxPeers?: number;
  /** Identities with a policy. */
  readonly maxPolicies?: number;
  /** Entries of one policy. */
  readonly maxPolicyEntries?: number;
  /** Bytes of the buffer of events, a power of two from 4096 on; an event takes 200. */
  readonly eventBytes?: number;
  /** Entries for masqueraded connections, two for each; those that were quiet for longest are forgotten first. */
  readonly maxTranslations?: number;
  /** Published ports: one for each address that a port is published at. */
  readonly maxPublished?: number;
}

const DEFAULT_SIZES: Required<DatapathSizes> = {
  maxConnections: MAX_CONNECTIONS,
  maxEndpoints: MAX_ENDPOINTS,
  maxPeers: MAX_PREFIXES,
  maxPolicies: MAX_POLICIES,
  maxPolicyEntries: MAX_POLICY_ENTRIES,
  eventBytes: EVENT_BYTES,
  maxTranslations: MAX_TRANSLATIONS,
  maxPublished: MAX_PUBLISHED,
};

/** Which option makes a map larger, by its name. */
export const SIZE_OPTIONS: Readonly<Record<string, keyof DatapathSizes>> = {
  connections4: 'maxConnections',
  connections6: 'maxConnections',
  endpoints: 'maxEndpoints',
  ipcache: 'maxPeers',
  ipcacheHosts: 'maxPeers',
  policies: 'maxPolicies',
  policy: 'maxPolicyEntries',
  events: 'eventBytes',
  translations: 'maxTranslations',
  published: 'maxPublished',
};

/** @throws WaggleError OUT_OF_RANGE */
export function checkedSizes(given: DatapathSizes): Required<DatapathSizes> {
  const sizes = { ...DEFAULT_SIZES, ...given };
  for (const name of Object.keys(DEFAULT_SIZES) as (keyof DatapathSizes)[]) {
    const size = sizes[name];
    if (Number.isInteger(size) && size >= 1 && size <= 2 ** 24) continue;
    throw new WaggleError('OUT_OF_RANGE', `${name} is ${size}`, {
      hint: 'It is a number from 1 to 16777216',
    });
  }
  // A ring buffer says itself which sizes it can have.
  ringBuffer({ bytes: sizes.eventBytes });
  return sizes;
}

/** The declaration of a map with its size. */
export function sizedSpec(name: string, spec: MapSpec, sizes: Required<DatapathSizes>): MapSpec {
  const option = SIZE_OPTIONS[name];
  if (option === undefined) return spec;
  // There are two sets of policies.
  return { ...spec, maxEntries: sizes[option] * (name === 'policies' ? 2 : 1) };
}

/** The declaration of one policy. */
export const policySpec = (sizes: Required<DatapathSizes>): typeof policy => ({
  ...policy,
  maxEntries: sizes.maxPolicyEntries,
});

/** The error of something that is full, in the words of who can make it larger. */
export const fullMap = (
  what: string,
  size: number,
  option: keyof DatapathSizes,
  cause?: unknown,
): WaggleError =>
  new WaggleError('FULL', `${what} is full: it has room for ${size} entries`, {
    cause,
    hint: `Give a larger ${option}; maps that are pinned keep their size until they are removed`,
  });

/** The same for an error of the kernel that says so; any other error as it is. */
export const fullError = (
  error: unknown,
  what: string,
  size: number,
  option: keyof DatapathSizes,
): unknown =>
  error instanceof KernelError && error.code === 'FULL' ? fullMap(what, size, option, error) : error;

/** To be raised when what is in the maps changes its meaning, but not its form. */
const MEANING = 1;

/**
 * A name for the form and meaning of all maps: programs and user space of one name understand the maps of that name, and no
 * others. Sizes are not part of it.
 */
export function layoutName(specs: Readonly<Record<string, MapSpec>> = mapSpecs): string {
  const text = JSON.stringify([MEANING, Object.entries(specs).map(([name, spec]) => [name, formOf(spec)])]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function formOf({ type, key, value, flags, inner, record }: MapSpec): unknown {
  const forms = [key, value, record].map((each) => each && typeForm(each));
  return [type, flags, forms, inner && formOf(inner)];
}

function typeForm(type: Type): unknown {
  switch (type.kind) {
    case 'struct':
      return type.fields.map((field) => [field.name, field.offset, typeForm(field.type)]);
    case 'array':
      return [typeForm(type.element), type.length];
    case 'scalar':
      return type.name;
    default:
      return [type.kind, type.length];
  }
}
