/**
 * Places to try attachments in, made for it and gone after it: a network namespace with devices of its own, and a
 * control group without processes. Nothing that carries anybody's traffic is touched.
 */
import { Cgroup } from '../host/cgroup.ts';
import { Links } from '../net/links.ts';
import { NetworkNamespace, type Section } from '../net/namespace.ts';
import { NetlinkSocket } from '../net/netlink-socket.ts';

/** The device in the namespace that programs are attached to: one end of a pair. */
export const DEVICE = 'probe0';
const PEER = 'probe1';

/** A namespace without a name, so that it ends with its descriptor whatever happens. */
export interface Sandbox {
  readonly namespace: NetworkNamespace;
  readonly socket: NetlinkSocket;
}

/** Runs `use` with a new network namespace; the thread stays where it is. */
export function withNamespace<Result>(use: (sandbox: Sandbox) => Result): Result {
  using namespace = NetworkNamespace.createAnonymous();
  using socket = NetlinkSocket.open({ family: 'route', namespace });
  return use({ namespace, socket });
}

/** Runs `use` inside a new network namespace that has a veth pair. */
export function inNamespaceWithDevice<Result>(use: (sandbox: Sandbox) => Result): Result {
  return withNamespace((sandbox) => {
    new Links(sandbox.socket).create({ kind: 'veth', name: DEVICE, peer: { name: PEER } });
    const section = (() => use(sandbox)) as Section<Result>;
    return sandbox.namespace.run<Result>(section);
  });
}

let groups = 0;

/** Runs `use` with a new control group. */
export function withCgroup<Result>(use: (cgroup: Cgroup) => Result): Result {
  const cgroup = Cgroup.create(`waggle-probe-${process.pid}-${++groups}`);
  try {
    return use(cgroup);
  } finally {
    cgroup.remove();
  }
}
