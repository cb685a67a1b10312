/** All paths of the API. */
import * as z from 'zod';
import { openApiDocument } from './openapi.ts';
import { type Route, route } from './route.ts';
import { addressRoutes } from './routes/addresses.ts';
import { daemonRoutes } from './routes/daemon.ts';
import { deviceRoutes } from './routes/devices.ts';
import { documentRoutes } from './routes/documents.ts';
import { endpointPartRoutes } from './routes/endpoint-parts.ts';
import { endpointRoutes } from './routes/endpoints.ts';
import { identityRoutes } from './routes/identities.ts';
import { mapRoutes } from './routes/maps.ts';
import { monitorRoutes } from './routes/monitor.ts';
import { policyRoutes } from './routes/policy.ts';

export const routes: readonly Route[] = [
  ...daemonRoutes,
  ...endpointRoutes,
  ...endpointPartRoutes,
  ...identityRoutes,
  ...addressRoutes,
  ...policyRoutes,
  ...documentRoutes,
  ...mapRoutes,
  ...monitorRoutes,
  ...deviceRoutes,
  route({
    method: 'get',
    path: '/v1/openapi.json',
    summary: 'This document',
    extension: true,
    answer: z.record(z.string(), z.unknown()),
    handle: () => openApiDocument(routes),
  }),
];
