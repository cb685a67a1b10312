/**
 * Hubble's observer: flows, events of the agent, and how the server is. A client that reads slowly slows down only itself: of each
 * stream one message is under way, the next is taken from the source when the connection has room, and what was overwritten in the
 * meantime is told as lost.
 */
import { create } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { checkQuery } from '../query/check-query.ts';
import type { FlowSource, LostEvents } from '../source.ts';
import { aborted } from './aborted.ts';
import { agentEventMessage, lostMessage } from './event-message.ts';
import { eventQuery } from './event-query.ts';
import { fieldMask } from './field-mask.ts';
import { filterOf } from './filter-message.ts';
import { flowMessage } from './flow-message.ts';
import { type AgentEvent as AgentEventMessage, AgentEventSchema } from './generated/flow/flow_pb.ts';
import {
  GetAgentEventsResponseSchema,
  type GetFlowsRequest,
  type GetFlowsResponse,
  GetFlowsResponseSchema,
  type Observer,
} from './generated/observer/observer_pb.ts';
import { NodeState } from './generated/relay/relay_pb.ts';
import type { NodeAddress } from './node-address.ts';
import { serviceError } from './service-error.ts';
import { timestampOf } from './timestamp.ts';

/** The service, over a source of flows. */
export function observerService(source: FlowSource, at: () => NodeAddress): ServiceImpl<typeof Observer> {
  const { nodeName } = source.status();
  return {
    getFlows: (request, context) => flows(source, request, context),

    async *getAgentEvents(request, { signal }) {
      const events = attempt(() => source.agentEvents(eventQuery(request), signal));
      for await (const event of events) {
        yield create(GetAgentEventsResponseSchema, {
          agentEvent: event.kind === 'lost' ? lostAgentEvents(event) : agentEventMessage(event),
          nodeName,
          time: timestampOf(event.time),
        });
      }
    },

    // The datapath tells nothing but what flows tell, so that there are none; a client that follows waits for some.
    getDebugEvents(request, { signal }) {
      attempt(() => checkQuery(eventQuery(request)));
      return noEvents(request.follow ? aborted(signal) : Promise.resolve());
    },

    getNodes() {
      const { address, tls } = at();
      return {
        nodes: source.nodes().map((node) => ({
          name: node.name,
          version: node.version,
          address,
          state: NodeState.NODE_CONNECTED,
          tls: { enabled: tls !== undefined, serverName: tls?.serverName ?? '' },
          uptimeNs: node.uptime,
          numFlows: BigInt(node.stored),
          maxFlows: BigInt(node.capacity),
          seenFlows: BigInt(node.seen),
        })),
      };
    },

    getNamespaces: () => ({ namespaces: source.namespaces().map((each) => ({ ...each })) }),

    serverStatus() {
      const { stored, capacity, seen, uptime, version, rate } = source.status();
      return {
        numFlows: BigInt(stored),
        maxFlows: BigInt(capacity),
        seenFlows: BigInt(seen),
        uptimeNs: uptime,
        numConnectedNodes: source.nodes().length,
        numUnavailableNodes: 0,
        version,
        flowsRate: rate,
      };
    },
  };
}

async function* flows(
  source: FlowSource,
  request: GetFlowsRequest,
  { signal }: HandlerContext,
): AsyncGenerator<GetFlowsResponse> {
  const { nodeName } = source.status();
  const { mask, answers } = attempt(() => {
    const paths = request.fieldMask ?? request.experimental?.fieldMask;
    const query = {
      ...eventQuery(request),
      allow: request.whitelist.map(filterOf),
      deny: request.blacklist.map(filterOf),
    };
    return { mask: fieldMask(paths?.paths ?? []), answers: source.flows(query, signal) };
  });
  for await (const answer of answers) {
    yield create(GetFlowsResponseSchema, {
      responseTypes:
        answer.kind === 'flow'
          ? { case: 'flow', value: mask(flowMessage(answer)) }
          : { case: 'lostEvents', value: lostMessage(answer) },
      nodeName,
      time: timestampOf(answer.time),
    });
  }
}

/** The field has no message for events of an agent that are lost. */
const lostAgentEvents = ({ count, where }: Pick<LostEvents, 'count' | 'where'>): AgentEventMessage =>
  create(AgentEventSchema, {
    notification: {
      case: 'unknown',
      value: { type: 'lost', notification: `${count} events were lost (${where})` },
    },
  });

/** A stream that says nothing, and ends then. */
const noEvents = (end: Promise<void>): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({ next: () => end.then(() => ({ done: true, value: undefined })) }),
});

/** Does what a request asks for; what is wrong with the request becomes the client's error. */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw serviceError(error);
  }
}
