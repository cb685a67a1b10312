/** Follows TCP connections in both directions, and lets through what belongs to one that began with SYN from inside. */
import {
  array,
  be16,
  be32,
  type bool,
  config,
  Ethernet,
  EtherType,
  type Infer,
  IpProtocol,
  Ipv4,
  lruHashMap,
  struct,
  Tc,
  Tcp,
  TcpFlag,
  tc,
  Update,
  u8,
  u32,
  zeroed,
} from '@waggle/bpf';

export const Flow = struct('flow', { inside: be32, outside: be32, insidePort: be16, outsidePort: be16 });
export const Connection = struct('connection', { state: u8, flags: u8, packets: array(u32, 2) });
export const connections = lruHashMap({ key: Flow, value: Connection, maxEntries: 1024 });
export const network = config({ inside: be32, mask: be32 });
const State = { New: 0, Established: 1, Closing: 2 };

function advance(connection: Infer<typeof Connection>, flags: u8, outgoing: bool): void {
  connection.flags = u8(connection.flags | flags);
  if (outgoing) connection.packets[0] = (connection.packets[0] ?? 0) + 1;
  else connection.packets[1] = (connection.packets[1] ?? 0) + 1;
  if ((flags & (TcpFlag.Fin | TcpFlag.Rst)) !== 0) connection.state = State.Closing;
  else if (connection.state === State.New && !outgoing && (flags & TcpFlag.Ack) !== 0)
    connection.state = State.Established;
}

export const track = tc((ctx) => {
  const ethernet = ctx.at(Ethernet, 0);
  if (!ethernet || ethernet.protocol !== EtherType.Ipv4) return Tc.Ok;
  const ip = ctx.at(Ipv4, 14);
  if (!ip || ip.protocol !== IpProtocol.Tcp) return Tc.Ok;
  const tcp = ctx.at(Tcp, 14 + (ip.versionAndLength & 15) * 4);
  if (!tcp) return Tc.Shot;
  const outgoing = (ip.source & network.mask) === network.inside;
  const flow: Infer<typeof Flow> = {
    inside: outgoing ? ip.source : ip.destination,
    outside: outgoing ? ip.destination : ip.source,
    insidePort: outgoing ? tcp.source : tcp.destination,
    outsidePort: outgoing ? tcp.destination : tcp.source,
  };
  const connection = connections.lookup(flow);
  if (connection) {
    advance(connection, tcp.flags, outgoing);
    if (connection.state === State.Closing && (tcp.flags & TcpFlag.Rst) !== 0) connections.delete(flow);
    return Tc.Ok;
  }
  if (!outgoing || (tcp.flags & (TcpFlag.Syn | TcpFlag.Ack)) !== TcpFlag.Syn) return Tc.Shot;
  const fresh = zeroed(Connection);
  fresh.flags = tcp.flags;
  fresh.packets[0] = 1;
  connections.update(flow, fresh, Update.IfAbsent);
  return Tc.Ok;
});
