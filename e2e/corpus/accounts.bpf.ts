/** Accounts of addresses: meters of what they send and receive, and a budget. What can be done with an account is in its struct. */
import {
  array,
  be32,
  bool,
  Ethernet,
  filled,
  hashMap,
  IpProtocol,
  Ipv4,
  ntoh16,
  type Ref,
  struct,
  Tcp,
  u16,
  u32,
  Xdp,
  xdp,
} from '@waggle/bpf';

export const Meter = struct(
  'meter',
  { packets: u32, bytes: u32, largest: u16 },
  {
    methods: {
      isEmpty() {
        return this.packets === 0;
      },
      average(): u32 {
        return this.isEmpty() ? 0 : this.bytes / this.packets;
      },
      count(length: u16): void {
        this.packets += 1;
        this.bytes += length;
        if (length > this.largest) this.largest = length;
      },
    },
  },
);

export const Account = struct(
  'account',
  { sent: Meter, received: Meter, sizes: array(Meter, 4), budget: u32, warned: bool },
  {
    methods: {
      total() {
        return this.sent.bytes + this.received.bytes;
      },
      isOver() {
        return this.total() > this.budget;
      },
      /** Counts a packet, and says whether the account has more than its budget. */
      spend(length: u16, sends: boolean): boolean {
        const meter = sends ? this.sent : this.received;
        meter.count(length);
        this.sizes[(length >>> 7) & 3]?.count(length);
        const over = this.isOver();
        if (over) this.warned = true;
        return over;
      },
    },
  },
);

export const accounts = hashMap({ key: be32, value: Account, maxEntries: 64 });
export const payloads = hashMap({ key: be32, value: Meter, maxEntries: 64 });

function isBulky(account: Ref<typeof Account>): boolean {
  return account.sent.average() > 300 || account.received.average() > 300;
}

function countPayload(address: be32, length: u16): void {
  const known = payloads.lookup(address);
  if (known) {
    known.count(length);
    return;
  }
  const first = filled(Meter, { packets: 0, bytes: 0, largest: 0 });
  first.count(length);
  payloads.update(address, first);
}

export const account = xdp((ctx) => {
  const ip = ctx.at(Ipv4, Ethernet.size);
  if (!ip || ip.versionAndLength >>> 4 !== 4) return Xdp.Pass;
  const length = ntoh16(ip.totalLength);
  const sender = accounts.lookup(ip.source);
  const receiver = accounts.lookup(ip.destination);
  let over = false;
  if (sender) over = sender.spend(length, true);
  if (receiver?.isOver() ?? over) return Xdp.Drop;
  if (receiver?.spend(length, false)) over = true;
  if (ip.protocol === IpProtocol.Tcp) {
    const tcp = ctx.at(Tcp, Ethernet.size + ip.headerLength());
    if (!tcp) return Xdp.Drop;
    const headers = ip.headerLength() + tcp.headerLength();
    if (length > headers) countPayload(ip.source, u16(length - headers));
  }
  if (sender && isBulky(sender)) return Xdp.Tx;
  return over ? Xdp.Aborted : Xdp.Pass;
});
