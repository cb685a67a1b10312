/** Which events somebody wants to see: by the endpoints at their ends. */
import type { MonitorEvent } from '@waggle/agent/client';
import { isPacketEvent } from './monitor-text.ts';

/** Numbers of endpoints; each list that is there has to match. */
export interface MonitorFilter {
  readonly from?: readonly number[];
  readonly to?: readonly number[];
  /** At either end, or the one that it is about. */
  readonly relatedTo?: readonly number[];
}

/** Whether an event is wanted. Events about no packet have no ends: they are wanted by those who name none; losses always are. */
export function isWanted(event: MonitorEvent, { from, to, relatedTo }: MonitorFilter): boolean {
  if (event.type === 'lost') return true;
  if (!isPacketEvent(event))
    return !from && !to && (!relatedTo || relatedTo.includes(Number(event.endpoint)));
  const [source, destination] = [event.source.endpoint?.id, event.destination.endpoint?.id];
  const isAmong = (wanted: readonly number[] | undefined, ...ids: (number | undefined)[]): boolean =>
    wanted === undefined || ids.some((id) => id !== undefined && wanted.includes(id));
  return (
    isAmong(from, source) &&
    isAmong(to, destination) &&
    isAmong(relatedTo, source, destination, event.endpoint?.id)
  );
}
