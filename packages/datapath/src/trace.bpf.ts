/**
 * Which packets of a connection are worth telling: the first one each way, those with TCP flags that were not seen before, and
 * one every few seconds. That is read off the entry of the connection, which is at hand; it is written only for what is told.
 */
import { type bool, type Infer, TcpFlag, u8, type u32 } from '@waggle/bpf';
import type { Connection } from './connection.bpf.ts';
import { Aggregation, monitoring } from './event.bpf.ts';
import type { Flow } from './flow.bpf.ts';

/** The flags of a connection's begin and end. */
const ENDS = TcpFlag.Syn | TcpFlag.Fin | TcpFlag.Rst;

/** Whether to tell of a packet. */
export function isNews(connection: Infer<typeof Connection>, flow: Infer<typeof Flow>, now: u32): bool {
  if (monitoring.aggregation === Aggregation.Off) return false;
  if (monitoring.aggregation < Aggregation.Medium) return true;
  const told = flow.upwards === 1 ? connection.toldUp : connection.toldDown;
  const isDue = monitoring.aggregation === Aggregation.Medium && now - told.at >= monitoring.interval;
  return told.at === 0 || isDue || (flagsOf(flow) & ~told.flags) !== 0;
}

/** Notes that a packet is going to be told of, if it is worth that. */
export function noteNews(connection: Infer<typeof Connection>, flow: Infer<typeof Flow>, now: u32): void {
  if (!isNews(connection, flow, now)) return;
  flow.isNews = 1;
  const told = flow.upwards === 1 ? connection.toldUp : connection.toldDown;
  told.at = now;
  told.flags = u8(told.flags | flagsOf(flow));
}

/** The flags that are worth telling. */
function flagsOf({ tcpFlags }: Infer<typeof Flow>): u8 {
  return monitoring.aggregation === Aggregation.Medium ? tcpFlags : u8(tcpFlags & ENDS);
}
