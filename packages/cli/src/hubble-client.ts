/** The client of a server of flows, as options and the environment of stock clients name it. */
import { dirname, join } from 'node:path';
import { DEFAULT_SOCKET } from '@waggle/agent/client';
import { HubbleClient } from '@waggle/flows/hubble/client';

/** Options of every command that asks such a server. */
export interface ServerOptions {
  readonly server?: string;
  readonly tls?: boolean;
  readonly tlsCaCertFiles?: string;
  readonly tlsClientCertFile?: string;
  readonly tlsClientKeyFile?: string;
  readonly tlsServerName?: string;
  readonly tlsAllowInsecure?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** The client. Whether the server is there is seen when it is asked. @throws WaggleError for an address or files that cannot be. */
export function hubbleClient(
  options: ServerOptions,
  environment: NodeJS.ProcessEnv = process.env,
): HubbleClient {
  const said = (name: string): string | undefined => environment[`HUBBLE_${name}`] || undefined;
  const isSaid = (name: string): boolean => /^(1|true|yes)$/i.test(said(name) ?? '');
  const ca = options.tlsCaCertFiles ?? said('TLS_CA_CERT_FILES');
  const cert = options.tlsClientCertFile ?? said('TLS_CLIENT_CERT_FILE');
  const key = options.tlsClientKeyFile ?? said('TLS_CLIENT_KEY_FILE');
  const serverName = options.tlsServerName ?? said('TLS_SERVER_NAME');
  return new HubbleClient({
    server: options.server ?? said('SERVER') ?? ownServer(environment),
    tls: options.tls ?? isSaid('TLS'),
    insecure: options.tlsAllowInsecure ?? isSaid('TLS_ALLOW_INSECURE'),
    files: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    },
    ...(serverName !== undefined && { serverName }),
    ...(options.timeout !== undefined && { timeout: options.timeout }),
  });
}

/** That of the agent: its socket is beside the other one. */
const ownServer = ({ WAGGLE_SOCKET }: NodeJS.ProcessEnv): string =>
  `unix:${join(dirname(WAGGLE_SOCKET || DEFAULT_SOCKET), 'hubble.sock')}`;
