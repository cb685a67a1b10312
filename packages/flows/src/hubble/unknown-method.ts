/** Calls of what there is not, refused as clients of gRPC expect it: `hubble record` names a service of which there is none here. */
import { Code } from '@connectrpc/connect';
import type { connectNodeAdapter } from '@connectrpc/connect-node';

type Fallback = NonNullable<Parameters<typeof connectNodeAdapter>[0]['fallback']>;

/** Answers that nobody answers to this path. */
export const refuseUnknown: Fallback = ({ url = '' }, response) => {
  response.writeHead(200, { 'content-type': 'application/grpc' });
  response.addTrailers({
    'grpc-status': String(Code.Unimplemented),
    'grpc-message': encodeURI(`there is no method ${url}`),
  });
  response.end();
};
