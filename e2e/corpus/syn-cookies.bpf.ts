/** Answers the first packets of connections with a number that only their owner can know: two rounds of a keyed hash. */
import {
  arrayMap,
  config,
  hton32,
  IpProtocol,
  Ipv4,
  ntoh16,
  ntoh32,
  Tcp,
  TcpFlag,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const secret = config({ first: u32, second: u32 });
export const outcomes = arrayMap({ value: u32, maxEntries: 4 });

const rotate = (value: u32, by: u32): u32 => (value << by) | (value >>> (32 - by));

/** The mixing of jhash (Bob Jenkins, lookup3) over three words. */
function hash(first: u32, second: u32, third: u32, seed: u32): u32 {
  let a = first + 0xdeadbeef + 12 + seed;
  let b = second + 0xdeadbeef + 12 + seed;
  let c = third + 0xdeadbeef + 12 + seed;
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  return c;
}

function count(outcome: u32): void {
  const seen = outcomes.lookup(outcome) ?? 0;
  outcomes.update(outcome, seen + 1);
}

export const cookies = xdp((ctx) => {
  const ip = ctx.at(Ipv4, 14);
  if (!ip || ip.protocol !== IpProtocol.Tcp || ip.versionAndLength !== 0x45) return Xdp.Pass;
  const tcp = ctx.at(Tcp, 34);
  if (!tcp) return Xdp.Drop;
  const ports = (ntoh16(tcp.source) << 16) | ntoh16(tcp.destination);
  const kind = tcp.flags & (TcpFlag.Syn | TcpFlag.Ack | TcpFlag.Rst);
  if (kind === TcpFlag.Syn) {
    const cookie = hash(ntoh32(ip.source), ports, ntoh32(tcp.sequence), secret.first);
    tcp.acknowledgement = hton32(ntoh32(tcp.sequence) + 1);
    tcp.sequence = hton32(cookie ^ secret.second);
    tcp.flags = TcpFlag.Syn | TcpFlag.Ack;
    const { source, destination } = ip;
    ip.source = destination;
    ip.destination = source;
    const { source: from, destination: to } = tcp;
    tcp.source = to;
    tcp.destination = from;
    count(0);
    return Xdp.Tx;
  }
  if (kind === TcpFlag.Ack) {
    const expected = hash(ntoh32(ip.source), ports, ntoh32(tcp.sequence) - 1, secret.first) ^ secret.second;
    const right = ntoh32(tcp.acknowledgement) === expected + 1;
    count(right ? 1 : 2);
    return right ? Xdp.Pass : Xdp.Drop;
  }
  count(3);
  return Xdp.Pass;
});
