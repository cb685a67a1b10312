/** Follows the TCP sockets of a cgroup: asks for callbacks, and keeps what each connection has sent when it closes. */
import {
  be32,
  type Infer,
  lruHashMap,
  sockOps,
  sockOpsCbFlagsSet,
  struct,
  u32,
  u64,
  zeroed,
} from '@waggle/bpf';

export const Ends = struct('ends', { local: be32, remote: be32, localPort: u32, remotePort: u32 });
export const Summary = struct('summary', { sent: u64, received: u64, retransmits: u32, opened: u32 });
export const summaries = lruHashMap({ key: Ends, value: Summary, maxEntries: 1024 });
const Operation = { Timeout: 1, ActiveEstablished: 4, PassiveEstablished: 5, StateChange: 10 };
const CLOSED = 7;

export const follow = sockOps((ctx) => {
  if (ctx.family !== 2) return 0;
  const ends: Infer<typeof Ends> = {
    local: ctx.localIp4,
    remote: ctx.remoteIp4,
    localPort: ctx.localPort,
    remotePort: ctx.remotePort,
  };
  switch (ctx.operation) {
    case Operation.Timeout:
      ctx.arguments[0] = 10;
      return 1;
    case Operation.ActiveEstablished:
    case Operation.PassiveEstablished: {
      const fresh = zeroed(Summary);
      fresh.opened = ctx.operation === Operation.ActiveEstablished ? 1 : 2;
      summaries.update(ends, fresh);
      sockOpsCbFlagsSet(ctx, 4);
      return 1;
    }
    case Operation.StateChange: {
      if (ctx.arguments[1] !== CLOSED) return 1;
      const summary = summaries.lookup(ends);
      if (!summary) return 0;
      summary.sent = ctx.bytesAcknowledged;
      summary.received = ctx.bytesReceived;
      summary.retransmits = ctx.totalRetransmits;
      return 1;
    }
    default:
      return 0;
  }
});
