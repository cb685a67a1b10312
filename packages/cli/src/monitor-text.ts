/** Events for people: each in a line in the field's style, and with what else is known about it below, for those who ask. */
import type {
  EventEnd,
  MonitorEvent,
  NamedDrop,
  NamedEvent,
  NamedTrace,
  NamedVerdict,
} from '@waggle/agent/client';
import type { Style } from './output.ts';
import { hexLines, packetLine, packetLines } from './packet-text.ts';

export interface MonitorTextOptions {
  /** Labels, and the packet's headers. */
  readonly verbose?: boolean;
  /** The packet's bytes. */
  readonly hex?: boolean;
}

/** Whether an event is about a packet. */
export const isPacketEvent = (event: MonitorEvent): event is MonitorEvent & NamedEvent =>
  event.type === 'drop' || event.type === 'trace' || event.type === 'policy-verdict';

/** An event, with its line breaks. */
export function monitorText(
  event: MonitorEvent,
  { verbose = false, hex = false }: MonitorTextOptions,
  style: Style,
): string {
  const line = `${style.paint('dim', event.time.slice(11, 26))} ${lineOf(event, style)}`;
  if (!isPacketEvent(event)) return `${line}\n`;
  const details = [...(verbose ? detailLines(event) : []), ...(hex ? hexLines(event.data) : [])].map(
    (detail) => `    ${detail}`,
  );
  return `${[line, ...details].join('\n')}\n`;
}

function lineOf(event: MonitorEvent, style: Style): string {
  if (isPacketEvent(event)) {
    switch (event.type) {
      case 'drop':
        return dropLine(event, style);
      case 'trace':
        return traceLine(event);
      case 'policy-verdict':
        return verdictLine(event, style);
    }
  }
  if (event.type === 'lost') {
    const why = event.reason === undefined ? `by ${String(event.source)}` : String(event.reason);
    return style.paint('yellow', `Lost ${String(event.count)} events (${why})`);
  }
  const { type: _, time: __, event: kind, message, ...fields } = event;
  return `>> ${String(message ?? kind)}: ${JSON.stringify(fields)}`;
}

function dropLine(event: NamedDrop, style: Style): string {
  const { reasonText, direction, refusedBy, rule } = event;
  const whose = refusedBy === undefined ? '' : `, refused by ${refusedBy} policy`;
  const by = rule === undefined ? '' : `, by rule ${rule}`;
  return `${style.paint('red', `xx drop (${reasonText})`)} ${direction}${aboutText(event)}, ${commonText(event)}${whose}${by}`;
}

/** Where a packet was seen, as an arrow. */
function traceLine(event: NamedTrace): string {
  const { point, state, originalSource, packet } = event;
  const arrow = point.startsWith('to-') ? '->' : '<-';
  const [, place = point] = /^(?:to|from)-(.*)$/.exec(point) ?? [];
  const where = place === 'endpoint' && event.endpoint ? `endpoint ${event.endpoint.id}` : place;
  const translated = originalSource !== undefined && originalSource !== packet.ip?.source;
  const original = translated ? ` orig-ip ${originalSource}` : '';
  const { source, destination } = event;
  return `${arrow} ${where} flow, identity ${source.identity}->${destination.identity} state ${state} ifindex ${
    event.device ?? event.interface
  }${original}: ${packetLine(packet)}`;
}

function verdictLine(event: NamedVerdict, style: Style): string {
  const { direction, action, remote, protocol, match, audited, rule, proxyPort } = event;
  const verdict = audited ? 'audit' : action;
  const port = proxyPort === undefined ? '' : ` to port ${proxyPort}`;
  const by = rule === undefined ? '' : `, by rule ${rule}`;
  const shown = verdict === 'allow' ? verdict : style.paint(verdict === 'deny' ? 'red' : 'yellow', verdict);
  return `Policy verdict log:${aboutText(event)}, remote identity ${remote}, proto ${protocol}, ${direction}, action ${shown}${port}, match ${match}, ${packetLine(event.packet)}${by}`;
}

const aboutText = ({ endpoint }: NamedEvent): string => (endpoint ? ` endpoint ${endpoint.id}` : '');

function commonText(event: NamedEvent): string {
  const { source, destination, device, packet } = event;
  return `ifindex ${device ?? event.interface}, identity ${source.identity}->${destination.identity}: ${packetLine(packet)}`;
}

function detailLines(event: NamedEvent): string[] {
  const rules =
    event.type === 'trace'
      ? [
          event.egressRule !== undefined && `egress allowed by ${event.egressRule}`,
          event.ingressRule !== undefined && `ingress allowed by ${event.ingressRule}`,
        ]
      : [];
  return [
    `from ${endDetail(event.source)}`,
    `to   ${endDetail(event.destination)}`,
    ...rules.filter((line) => typeof line === 'string'),
    `${event.length} bytes, ${event.data.length / 2} of them here`,
    ...packetLines(event.packet),
  ];
}

function endDetail({ identity, labels, endpoint }: EventEnd): string {
  const who = identity === 0 ? 'unknown' : `identity ${identity}`;
  const named = labels && labels.length > 0 ? ` (${labels.join(', ')})` : '';
  return `${who}${named}${endpoint ? `, endpoint ${endpoint.id} ${endpoint.name}` : ''}`;
}
