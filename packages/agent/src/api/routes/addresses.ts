/** Addresses: to be had from the pools, and given back. */
import { isIP } from 'node:net';
import { WaggleError } from '@waggle/bpf';
import * as z from 'zod';
import type { AgentControl } from '../../control.ts';
import { IPAMResponse } from '../models/ipam.ts';
import { type Route, route } from '../route.ts';
import { nodeAddressing } from '../views/addressing.ts';

/** For how long an address is kept for an endpoint that is still to come, in seconds; as in the field. */
const EXPIRATION = 600;

/** In whose name addresses are taken, where nobody says. */
const DEFAULT_OWNER = 'api';

const owner = z.string().max(253).exactOptional();

export const addressRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/ipam',
    summary: "Take the pools' next addresses",
    query: { family: z.enum(['', 'ipv4', 'ipv6']).exactOptional(), owner },
    headers: {
      expiration: z
        .enum(['true', 'false'])
        .exactOptional()
        .describe(`Whether they are given back unless an endpoint takes them within ${EXPIRATION} seconds`),
    },
    status: 201,
    answer: IPAMResponse,
    failures: { 501: 'There is no pool of this family', 502: 'No address is left' },
    statusOf: { FULL: 502 },
    handle: (agent, { query, headers }) => {
      const { pools } = agent.addresses;
      if (query.family) needPool(agent, query.family);
      const address = agent.addresses.allocate(query.owner || DEFAULT_OWNER, {
        ...(query.family && { family: query.family }),
        ...(headers.expiration === 'true' && { expires: EXPIRATION }),
      });
      const { ipv4, ipv6 } = address;
      return {
        address,
        ...(ipv4 !== undefined && pools.ipv4 && { ipv4: addressModel(ipv4, pools.ipv4) }),
        ...(ipv6 !== undefined && pools.ipv6 && { ipv6: addressModel(ipv6, pools.ipv6) }),
        'host-addressing': nodeAddressing(pools),
      };
    },
  }),
  route({
    method: 'post',
    path: '/v1/ipam/{ip}',
    summary: 'Take this address',
    parameters: { ip: z.string() },
    query: { owner },
    failures: {
      400: 'No address',
      403: 'An address that is never given out, as the gateway',
      409: 'It has an owner',
      501: 'There is no pool of this family',
    },
    handle: (agent, { parameters: { ip }, query }) => {
      if (isIP(ip) === 0) throw new WaggleError('MALFORMED', `${JSON.stringify(ip)} is no IP address.`);
      needPool(agent, isIP(ip) === 4 ? 'ipv4' : 'ipv6');
      agent.addresses.take(ip, query.owner || DEFAULT_OWNER);
    },
  }),
  route({
    method: 'delete',
    path: '/v1/ipam/{ip}',
    summary: 'Give back this address, or all addresses of an owner',
    parameters: { ip: z.string().min(1).describe('An address, or the name of an owner') },
    failures: { 404: 'It was not given out, or the owner has none' },
    handle: (agent, { parameters: { ip } }) => {
      if (isIP(ip) !== 0) return agent.addresses.release(ip);
      const owned = agent.addresses.list().filter((given) => given.owner === ip);
      if (owned.length === 0)
        throw new WaggleError('NOT_FOUND', `${JSON.stringify(ip)} is no IP address, and owns none.`);
      for (const { address } of owned) agent.addresses.release(address);
    },
  }),
];

function needPool({ addresses: { pools } }: AgentControl, family: 'ipv4' | 'ipv6'): void {
  if (!pools[family])
    throw new WaggleError('NOT_SUPPORTED', `This host has no pool of ${family} addresses`, {
      hint: `Start the agent with one to have them`,
    });
}

const addressModel = (ip: string, { gateway, cidr }: { gateway: string; cidr: string }) => ({
  ip,
  gateway,
  cidrs: [cidr],
});
