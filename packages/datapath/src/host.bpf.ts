/**
 * The programs at a device of the host. What goes out is masqueraded, if it comes from an endpoint and goes to the world; what
 * comes in is first given back to whom it is for, or to the endpoint that has published the port: its policy decides then. What is
 * the host's own, the host's policy decides about, if it has a firewall.
 */
import { Ethernet, EtherType, type i32, Tc, type TcContext, tc, type u8, zeroed } from '@waggle/bpf';
import { device } from './device-config.bpf.ts';
import { Flow } from './flow.bpf.ts';
import { guardHost, LinkMessage, linkMessage } from './host-firewall.bpf.ts';
import { masquerade, Unmasqueraded, unmasquerade } from './masquerade.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { Reason } from './reasons.ts';
import { drop, dropFlow } from './report.bpf.ts';
import { readFlow } from './transport.bpf.ts';

/** To the network. The host's policy sees packets as they are before they are masqueraded. */
export const toNetwork = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol !== EtherType.Ipv4 && protocol !== EtherType.Ipv6) return Tc.Ok;
  if (linkMessage(ctx, protocol) !== LinkMessage.No) return Tc.Ok;
  const flow = zeroed(Flow);
  const unreadable = readFlow(ctx, flow, protocol);
  if (device.hostFirewall) {
    const reason = guardHost(ctx, flow, unreadable, Towards.Away);
    if (reason !== 0) return dropFlow(ctx, flow, reason, Towards.Away);
  }
  if (device.masquerade || device.published) {
    const reason = masquerade(ctx, flow, unreadable);
    if (reason !== 0) return dropFlow(ctx, flow, reason, Towards.Away);
  }
  return Tc.Ok;
});

/** From the network. The host's policy sees packets as they are after they were given back. */
export const fromNetwork = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol !== EtherType.Ipv4 && protocol !== EtherType.Ipv6) return Tc.Ok;
  const message = linkMessage(ctx, protocol);
  if (message !== LinkMessage.No) return admitLinkMessage(ctx, message);
  const flow = zeroed(Flow);
  let unreadable = readFlow(ctx, flow, protocol);
  if ((device.masquerade || device.published) && unreadable === 0) {
    const outcome = unmasquerade(ctx, flow);
    if (outcome === Unmasqueraded.ForEndpoint) return Tc.Ok;
    if (outcome > Unmasqueraded.ForHost) return dropFlow(ctx, flow, outcome, Towards.Endpoint);
    // A ping of the host, under the identifier that the host knows.
    if (outcome === Unmasqueraded.ForHost && device.hostFirewall) unreadable = readFlow(ctx, flow, protocol);
  }
  if (device.hostFirewall) {
    const reason = guardHost(ctx, flow, unreadable, Towards.Endpoint);
    if (reason !== 0) return dropFlow(ctx, flow, reason, Towards.Endpoint);
  }
  return Tc.Ok;
});

/** Others may not tell the host how to route, if it has a firewall. */
function admitLinkMessage(ctx: TcContext, message: u8): i32 {
  if (!device.hostFirewall || message !== LinkMessage.Forbidden) return Tc.Ok;
  return drop(ctx, Reason.ForbiddenIcmpv6, Towards.Endpoint);
}
