/**
 * All services of the API as one handler of HTTP/2 requests. What it imports is the most of what the API costs in memory and in time
 * to start, so that the server loads it with the first request.
 */
import type { DescService } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { FlowSource } from '../source.ts';
import { Health } from './generated/grpc/health/v1/health_pb.ts';
import { ServerReflection as ReflectionV1 } from './generated/grpc/reflection/v1/reflection_pb.ts';
import { ServerReflection as ReflectionV1Alpha } from './generated/grpc/reflection/v1alpha/reflection_pb.ts';
import { Observer } from './generated/observer/observer_pb.ts';
import { Peer } from './generated/peer/peer_pb.ts';
import { healthService } from './health-service.ts';
import type { NodeAddress } from './node-address.ts';
import { observerService } from './observer-service.ts';
import { peerService } from './peer-service.ts';
import { reflectionServices } from './reflection-service.ts';
import type { Handler } from './server.ts';
import { refuseUnknown } from './unknown-method.ts';

/** In each answer: of which version the server is. Hubble's client warns when its own is lower. */
const VERSION = 'hubble-server-version';
/** Requests are small: a greater one is refused. */
const LONGEST_REQUEST = 1024 * 1024;

/**
 * The handler.
 * @param at - How clients reach this server.
 * @param ending - Ends all streams.
 */
export function hubbleHandler(source: FlowSource, at: () => NodeAddress, ending: AbortSignal): Handler {
  const services: readonly DescService[] = [Observer, Peer, Health, ReflectionV1, ReflectionV1Alpha];
  const reflection = reflectionServices(services);
  const { nodeName, version } = source.status();
  const handle = connectNodeAdapter({
    fallback: refuseUnknown,
    shutdownSignal: ending,
    readMaxBytes: LONGEST_REQUEST,
    connect: false,
    grpcWeb: false,
    routes: (router) => {
      router
        .service(Observer, observerService(source, at))
        .service(Peer, peerService(nodeName, at))
        .service(Health, healthService(services.map(({ typeName }) => typeName)))
        .service(ReflectionV1, reflection.v1)
        .service(ReflectionV1Alpha, reflection.v1alpha);
    },
  });
  return (request, response) => {
    response.setHeader(VERSION, version);
    handle(request, response);
  };
}
