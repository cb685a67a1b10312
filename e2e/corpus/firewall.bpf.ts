/** A firewall of which most is decided when it is loaded: families, protocols and logging that are off cost nothing. */
import {
  be32,
  bool,
  config,
  Ethernet,
  EtherType,
  IpProtocol,
  Ipv4,
  lpmTrie,
  ntoh16,
  Ports,
  ringBuffer,
  struct,
  Tc,
  tc,
  u8,
  u16,
  u32,
} from '@waggle/bpf';

export const Rule = struct('rule', { prefixLength: u32, address: be32 });
export const rules = lpmTrie({ key: Rule, value: u8, maxEntries: 256 });
export const logged = ringBuffer({ bytes: 4096, record: Rule });
export const settings = config({
  ipv6: bool,
  icmp: bool,
  log: bool,
  lowestPort: u16,
  gateway: be32,
  mode: u8,
});

function denied(address: be32): bool {
  const verdict = rules.lookup({ prefixLength: 32, address });
  if (verdict === null) return settings.mode === 2;
  if (settings.log && verdict > 1) logged.output({ prefixLength: 32, address });
  return verdict !== 0;
}

export const filter = tc((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet) return Tc.Shot;
  if (ethernet.protocol === EtherType.Ipv6) return settings.ipv6 ? Tc.Ok : Tc.Shot;
  if (ethernet.protocol !== EtherType.Ipv4) return Tc.Ok;
  const ip = ctx.at(Ipv4, 14);
  if (!ip) return Tc.Shot;
  if (ip.source === settings.gateway) return Tc.Ok;
  switch (settings.mode) {
    case 0:
      return Tc.Ok;
    case 1:
    case 2:
      if (denied(ip.source)) return Tc.Shot;
      break;
    default:
      if (denied(ip.source) || denied(ip.destination)) return Tc.Shot;
  }
  if (ip.protocol === IpProtocol.Icmp) return settings.icmp ? Tc.Ok : Tc.Shot;
  if (ip.protocol !== IpProtocol.Tcp && ip.protocol !== IpProtocol.Udp) return Tc.Shot;
  const ports = ctx.at(Ports, 14 + (ip.versionAndLength & 15) * 4);
  if (!ports) return Tc.Shot;
  return ntoh16(ports.destination) < settings.lowestPort ? Tc.Shot : Tc.Ok;
});
