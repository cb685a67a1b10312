/** Endpoints of a lab that talk. */
import type { DatapathLab } from '../../e2e/support/datapath-lab.ts';
import { type Ends, TRAFFIC_PORTS } from './namespace-traffic.ts';

const [CLIENT, SERVER] = [300, 301];

/** Two endpoints of a host: what the client sends, and what the server gets, is allowed by port and identity, and nothing else is. */
export function allowedPair(lab: DatapathLab): Ends {
  const [client, server] = [lab.endpoint(CLIENT), lab.endpoint(SERVER)];
  const entries = (direction: 'ingress' | 'egress', identity: number) =>
    TRAFFIC_PORTS.map(
      (port) =>
        ({ direction, identity, protocol: 6, port, portPrefix: 16, action: 'allow', audit: false }) as const,
    );
  lab.datapath.setPolicy(CLIENT, entries('egress', SERVER), () => ({ cookie: 1 }));
  lab.datapath.setPolicy(SERVER, entries('ingress', CLIENT), () => ({ cookie: 2 }));
  return { from: client.namespace, to: server.namespace, address: server.ipv4 };
}
