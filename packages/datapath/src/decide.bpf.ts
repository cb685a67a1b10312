/**
 * The first packet of a connection, and the first after policy has changed: who talks to whom, may he, and where does it go.
 * Both ends are asked here if both are endpoints of this host, the sender's egress and the receiver's ingress, so that the
 * packet goes from one to the other in one step. The host itself is asked like an endpoint if it has a policy.
 */
import { type bool, type Infer, type Ref, type TcContext, u8, type u32 } from '@waggle/bpf';
import { endpoints, HOST, peerIdentity } from './addresses.bpf.ts';
import { clock } from './clock.bpf.ts';
import { type Connection, lifetimeOf, Seen, seenWith } from './connection.bpf.ts';
import { Refuser } from './event.bpf.ts';
import type { Flow } from './flow.bpf.ts';
import { findPolicy, hasPolicy, type PolicyValue, type Question, Towards, Verdict } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { tellVerdict } from './tell.bpf.ts';

/** Which end of a packet is the endpoint at the device that it passes; nobody where that is a device of the host. */
export const Here = { Sender: 0, Receiver: 1, Nobody: 2 } as const;

/**
 * Decides about a connection and remembers it.
 *
 * @param before - What was decided about it under an older generation.
 * @param here - Which end of the packet has to be the endpoint at this device.
 * @returns a reason to drop the packet; 0 when there is a connection now.
 */
export function decide(
  ctx: TcContext,
  flow: Infer<typeof Flow>,
  before: Ref<typeof Connection> | null,
  connection: Infer<typeof Connection>,
  generation: u32,
  here: u8,
): u8 {
  const { tuple } = flow;
  const fromLow = before ? (before.seen & Seen.FromLow) !== 0 : flow.upwards === 1;
  connection.seen = before?.seen ?? (fromLow ? Seen.FromLow : 0);
  connection.port = before?.port ?? flow.port;
  connection.generation = generation;
  if (before) {
    connection.toldUp = before.toldUp;
    connection.toldDown = before.toldDown;
  }
  const low = endpoints.lookup({ words: tuple.low });
  const high = endpoints.lookup({ words: tuple.high });
  const upwards = flow.upwards === 1;
  if (here !== Here.Nobody) {
    const own = upwards === (here === Here.Sender) ? low : high;
    if (own?.interface !== ctx.interfaceIndex) return notHere(here);
  }
  const lowIdentity = low?.identity ?? peerIdentity(tuple.low);
  const highIdentity = high?.identity ?? peerIdentity(tuple.high);
  if (low) {
    connection.toLow = low.interface;
    connection.lowMac = low.mac;
  }
  if (high) {
    connection.toHigh = high.interface;
    connection.highMac = high.mac;
  }
  connection.initiator = fromLow ? lowIdentity : highIdentity;
  connection.responder = fromLow ? highIdentity : lowIdentity;
  flow.source = upwards ? lowIdentity : highIdentity;
  flow.destination = upwards ? highIdentity : lowIdentity;
  const initiatorIsEndpoint = (fromLow ? connection.toLow : connection.toHigh) !== 0;
  const responderIsEndpoint = (fromLow ? connection.toHigh : connection.toLow) !== 0;
  if (initiatorIsEndpoint || isGovernedHost(connection.initiator, generation)) {
    const entry = ask(connection, tuple.protocol, Towards.Away);
    if (isTold(entry, before)) tellVerdict(ctx, flow, connection, entry, Towards.Away);
    if (!mayPass(entry)) return refuse(flow, entry, Refuser.Initiator);
    connection.egressCookie = entry?.cookie ?? 0;
    connection.audit = entry?.audit ?? 0;
  }
  if (responderIsEndpoint || isGovernedHost(connection.responder, generation)) {
    const entry = ask(connection, tuple.protocol, Towards.Endpoint);
    if (isTold(entry, before)) tellVerdict(ctx, flow, connection, entry, Towards.Endpoint);
    if (!mayPass(entry)) return refuse(flow, entry, Refuser.Responder);
    connection.ingressCookie = entry?.cookie ?? 0;
    connection.audit = u8(connection.audit | (entry?.audit ?? 0));
  }
  noteFirst(connection, before, flow);
  return 0;
}

/** Why a packet is dropped that is not from the endpoint at its device, or not for it. */
export const notHere = (here: u8): u8 =>
  here === Here.Sender ? Reason.InvalidSource : Reason.UnroutableAddress;

/** Notes the packet that a connection was decided for. */
function noteFirst(
  connection: Infer<typeof Connection>,
  before: Ref<typeof Connection> | null,
  flow: Infer<typeof Flow>,
): void {
  if (before && flow.related === 1) {
    connection.expires = before.expires;
    return;
  }
  connection.seen = seenWith(connection.seen, flow);
  connection.expires = clock() + lifetimeOf(connection.seen, flow.tuple.protocol);
}

/** Whether it is the host itself, and it has a policy. Without one the host is open, while endpoints are closed then. */
function isGovernedHost(identity: u32, generation: u32): bool {
  return identity === HOST && hasPolicy(HOST, generation);
}

/** What one end's policy says about a connection: the initiator's about going away, the responder's about coming in. */
function ask(
  connection: Infer<typeof Connection>,
  protocol: u8,
  direction: u8,
): Ref<typeof PolicyValue> | null {
  const { initiator, responder, port, generation } = connection;
  const isAway = direction === Towards.Away;
  const question: Infer<typeof Question> = {
    subject: isAway ? initiator : responder,
    peer: isAway ? responder : initiator,
    direction,
    protocol,
    port,
  };
  // Both ends are asked under one generation, or a change between the two might let through what neither policy allows.
  return findPolicy(question, generation);
}

function mayPass(entry: Infer<typeof PolicyValue> | null): bool {
  return entry !== null && entry.action !== Verdict.Deny;
}

/** What is told: each verdict about a new connection, and that one is cut off. */
function isTold(entry: Infer<typeof PolicyValue> | null, before: Infer<typeof Connection> | null): bool {
  return before === null || !mayPass(entry);
}

/** @returns why the packet is dropped. */
function refuse(flow: Infer<typeof Flow>, entry: Infer<typeof PolicyValue> | null, refuser: u8): u8 {
  flow.refuser = refuser;
  flow.cookie = entry?.cookie ?? 0;
  return entry ? Reason.DeniedByRule : Reason.PolicyDenied;
}
