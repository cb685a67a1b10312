/** What Prometheus asks for: the figures of the agent and of flows, over HTTP at an address of one's choice. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WaggleError } from '@waggle/bpf';
import type { MetricView } from './control.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** The agent's own figures. */
  readonly metrics: () => readonly MetricView[];
  /** Those of flows, in Prometheus' format. */
  readonly flowMetrics: () => Promise<string>;
  readonly onFailure: (error: unknown) => void;
}

/** A server that runs. */
export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Serves `/metrics`.
 * @throws WaggleError BUSY, NOT_FOUND, DENIED when the address cannot be had.
 */
export async function serveMetrics(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain'): void => {
      response.writeHead(status, { 'content-type': type }).end(text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'Only GET is answered.\n');
    const path = request.url?.split('?')[0];
    if (path !== '/metrics') return answer(404, 'The metrics are at /metrics.\n');
    options.flowMetrics().then(
      (flows) => answer(200, prometheusText(options.metrics()) + flows, CONTENT_TYPE),
      (error: unknown) => {
        options.onFailure(error);
        answer(503, 'The metrics are not to be had now.\n');
      },
    );
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: MetricsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'BUSY' : error.code === 'EACCES' ? 'DENIED' : 'NOT_FOUND';
      reject(
        new WaggleError(code, `Metrics cannot be served at ${host}:${port} (${error.code})`, {
          hint: 'Choose another address with --metrics',
          cause: error,
        }),
      );
    });
    server.listen({ host, port }, resolve);
  });
}

/** Figures in Prometheus' format; what ends in `_total` is a counter. */
export function prometheusText(metrics: readonly MetricView[]): string {
  const byName = new Map<string, MetricView[]>();
  for (const metric of metrics) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric]);
  return [...byName]
    .map(([name, each]) => {
      const type = name.endsWith('_total') ? 'counter' : 'gauge';
      return `# TYPE ${name} ${type}\n${each.map((metric) => `${lineOf(metric)}\n`).join('')}`;
    })
    .join('');
}

function lineOf({ name, labels, value }: MetricView): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return pairs.length === 0 ? `${name} ${value}` : `${name}{${pairs.join(',')}} ${value}`;
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
