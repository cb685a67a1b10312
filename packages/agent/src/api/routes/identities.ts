/** Identities, and the addresses that stand for them. */
import * as z from 'zod';
import { Labels } from '../models/common.ts';
import { Identity, IdentityEndpoints, IPListEntry } from '../models/identity.ts';
import { type Route, route } from '../route.ts';
import { nothingFound } from '../validation.ts';
import { identityEndpointsModel, identityModel, peerModel } from '../views/identity.ts';

export const identityRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/identity',
    summary: 'All identities, or those with all of these labels',
    body: Labels.optional(),
    answer: z.array(Identity),
    failures: { 404: 'No identity has these labels' },
    handle: (agent, { body = [] }) => {
      const views = agent.identities(body);
      if (views.length === 0 && body.length > 0) throw nothingFound('identity', body);
      return views.map(identityModel);
    },
  }),
  route({
    method: 'get',
    path: '/v1/identity/endpoints',
    summary: 'The identities that endpoints of this host have',
    answer: z.array(IdentityEndpoints),
    handle: (agent) =>
      agent
        .identities()
        .filter(({ endpoints }) => endpoints > 0)
        .map(identityEndpointsModel),
  }),
  route({
    method: 'get',
    path: '/v1/identity/{id}',
    summary: 'An identity',
    parameters: { id: z.string().regex(/^\d{1,10}$/, 'identities are numbers') },
    answer: Identity,
    failures: { 400: 'No number', 404: 'No such identity' },
    handle: (agent, { parameters }) => identityModel(agent.identity(Number(parameters.id))),
  }),
  route({
    method: 'get',
    path: '/v1/ip',
    summary: 'The known prefixes and who is there, or those within a CIDR',
    query: { cidr: z.union([z.cidrv4(), z.cidrv6()], 'it is no CIDR').exactOptional() },
    answer: z.array(IPListEntry),
    failures: { 400: 'No CIDR', 404: 'Nothing is known within this CIDR' },
    handle: (agent, { query: { cidr } }) => {
      const peers = agent.peers(cidr);
      if (peers.length === 0 && cidr !== undefined) throw nothingFound('prefix', [cidr]);
      return peers.map(peerModel);
    },
  }),
];
