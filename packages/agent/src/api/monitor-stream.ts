/**
 * Events as a stream of lines. What a client has not read yet is kept up to a limit; beyond it, events are lost rather than kept, and
 * the client is told how many when it reads on.
 */
import type { EventControl, MonitorEvent } from '../control.ts';

/** Bytes that wait for a client. */
const WAITING = 1 << 20;

/** @param isWanted - Which events the client asked for. */
export function monitorStream(
  events: EventControl,
  isWanted: (event: MonitorEvent) => boolean,
  waiting: number = WAITING,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let lost = 0;
  let following: Disposable | undefined;
  let report = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (event: MonitorEvent): void =>
          controller.enqueue(encoder.encode(`${JSON.stringify(event)}\n`));
        report = () => {
          if (lost === 0) return;
          send({ type: 'lost', time: new Date().toISOString(), source: 'api', count: lost });
          lost = 0;
        };
        // An empty line: the client sees that it is heard.
        controller.enqueue(encoder.encode('\n'));
        following = events.follow((event) => {
          if (!isWanted(event)) return;
          if ((controller.desiredSize ?? 0) <= 0) {
            lost++;
            return;
          }
          report();
          send(event);
        });
      },
      pull() {
        report();
      },
      cancel() {
        following?.[Symbol.dispose]();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: waiting }),
  );
}
