/**
 * The programs at a device of the host. What goes out is masqueraded, if it comes from an endpoint and goes to the world; what
 * comes in is first given back to whom it is for. What is the host's own, its policy decides about, if it has a firewall.
 */
import { Ethernet, EtherType, Tc, tc, zeroed } from '@waggle/bpf';
import { device } from './device-config.bpf.ts';
import { Flow, readFlow } from './flow.bpf.ts';
import { masquerade, Unmasqueraded, unmasquerade } from './masquerade.bpf.ts';
import { Towards } from './policy.bpf.ts';
import { drop } from './report.bpf.ts';

/** To the network. */
export const toNetwork = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol !== EtherType.Ipv4 && protocol !== EtherType.Ipv6) return Tc.Ok;
  const flow = zeroed(Flow);
  const unreadable = readFlow(ctx, flow, protocol);
  if (device.masquerade) {
    const reason = masquerade(ctx, flow, unreadable);
    if (reason !== 0) return drop(ctx, reason, Towards.Away);
  }
  return Tc.Ok;
});

/** From the network. */
export const fromNetwork = tc((ctx) => {
  const protocol = ctx.at(Ethernet, 0)?.protocol ?? 0;
  if (protocol !== EtherType.Ipv4 && protocol !== EtherType.Ipv6) return Tc.Ok;
  const flow = zeroed(Flow);
  const unreadable = readFlow(ctx, flow, protocol);
  if (device.masquerade && unreadable === 0) {
    const outcome = unmasquerade(ctx, flow);
    if (outcome === Unmasqueraded.ForEndpoint) return Tc.Ok;
    if (outcome > Unmasqueraded.ForHost) return drop(ctx, outcome, Towards.Endpoint);
  }
  return Tc.Ok;
});
