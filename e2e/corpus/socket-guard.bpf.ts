/** Lets through packets for which this host has a socket, and drops the others. */
import {
  CURRENT_NAMESPACE,
  Ethernet,
  EtherType,
  IpProtocol,
  Ipv4,
  perCpuArrayMap,
  SocketTuple4,
  skLookupTcp,
  skRelease,
  Tcp,
  TcpFlag,
  type u32,
  u64,
  Xdp,
  xdp,
  zeroed,
} from '@waggle/bpf';

export const verdicts = perCpuArrayMap({ value: u64, maxEntries: 4 });
const State = { Established: 1, Listen: 10 };

function tally(index: u32): void {
  const count = verdicts.lookup(index) ?? 0n;
  verdicts.update(index, count + 1n);
}

export const guard = xdp((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  const ip = ctx.at(Ipv4, 14);
  if (!ethernet || !ip || ethernet.protocol !== EtherType.Ipv4 || ip.versionAndLength !== 0x45)
    return Xdp.Pass;
  if (ip.protocol !== IpProtocol.Tcp) return Xdp.Pass;
  const tcp = ctx.at(Tcp, 34);
  if (!tcp) return Xdp.Drop;
  const ends = zeroed(SocketTuple4);
  ends.sourceAddress = ip.source;
  ends.destinationAddress = ip.destination;
  ends.sourcePort = tcp.source;
  ends.destinationPort = tcp.destination;
  const socket = skLookupTcp(ctx, ends, CURRENT_NAMESPACE, 0n);
  if (!socket) {
    tally(0);
    return Xdp.Drop;
  }
  const { state, family } = socket;
  skRelease(socket);
  if (state === State.Listen) {
    tally(1);
    return (tcp.flags & TcpFlag.Syn) !== 0 && family === 2 ? Xdp.Pass : Xdp.Drop;
  }
  tally(state === State.Established ? 2 : 3);
  return Xdp.Pass;
});
