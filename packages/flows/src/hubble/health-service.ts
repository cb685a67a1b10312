/** Whether the server serves: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. It does as long as it answers. */
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { aborted } from './aborted.ts';
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from './generated/grpc/health/v1/health_pb.ts';

/** The name by which stock clients ask for the observer; it is not that of the service. */
const OBSERVER = 'hubble.server.Observer';

/** The service. @param names - Of the services that there are. */
export function healthService(names: readonly string[]): ServiceImpl<typeof Health> {
  const known: ReadonlySet<string> = new Set(['', OBSERVER, ...names]);
  return {
    check({ service }) {
      if (known.has(service)) return { status: Status.SERVING };
      throw new ConnectError(`there is no service ${JSON.stringify(service)}`, Code.NotFound);
    },
    list: () => ({
      statuses: Object.fromEntries([...known].map((name) => [name, { status: Status.SERVING }])),
    }),
    async *watch({ service }, { signal }) {
      yield { status: known.has(service) ? Status.SERVING : Status.SERVICE_UNKNOWN };
      await aborted(signal);
    },
  };
}
