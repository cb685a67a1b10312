/**
 * Flows for people and for programs: a line each in the field's style with the deciding rule at its end, a block of facts each, a table,
 * or the message as JSON. What people read goes to the standard output as it comes; a table when all is there.
 */
import { toJsonString } from '@bufbuild/protobuf';
import {
  type Flow,
  type GetFlowsResponse,
  GetFlowsResponseSchema,
  LostEventSource,
  NodeState,
} from '@waggle/flows/hubble/client';
import type { Stream } from './context.ts';
import { endText, flowTypeText, identityText, nameOf, verdictText } from './flow-parts.ts';
import { ruleText } from './flow-rule-text.ts';
import type { Style } from './output.ts';
import { table } from './table.ts';
import { type TimeFormat, timeText } from './time-formats.ts';

export type FlowFormat = 'compact' | 'dict' | 'table' | 'json' | 'jsonpb';

export interface FlowTextOptions {
  readonly output: FlowFormat;
  readonly timeFormat: TimeFormat;
  /** Say of which node. */
  readonly printNodeName?: boolean;
  /** Addresses in place of names. */
  readonly numeric?: boolean;
}

/** Prints answers, one after the other. */
export class FlowPrinter {
  readonly #stdout: Stream;
  readonly #style: Style;
  readonly #options: FlowTextOptions;
  readonly #rows: string[][] = [];
  #printed = 0;

  constructor(stdout: Stream, style: Style, options: FlowTextOptions) {
    this.#stdout = stdout;
    this.#style = style;
    this.#options = options;
  }

  print(answer: GetFlowsResponse): void {
    const { output } = this.#options;
    if (output === 'json' || output === 'jsonpb') {
      this.#stdout.write(`${toJsonString(GetFlowsResponseSchema, answer, { useProtoFieldName: true })}\n`);
      return;
    }
    const { responseTypes } = answer;
    if (responseTypes.case !== 'flow') {
      const text = this.#noticeOf(answer);
      if (text !== undefined) this.#stdout.write(`${this.#style.paint('yellow', text)}\n`);
      return;
    }
    const flow = responseTypes.value;
    if (output === 'table') this.#rows.push(this.#row(flow));
    else this.#stdout.write(output === 'dict' ? this.#block(flow) : `${this.#line(flow)}\n`);
    this.#printed += 1;
  }

  /** Prints what waits for the end. */
  end(): void {
    if (this.#options.output !== 'table') return;
    const node = this.#options.printNodeName ? ['NODE'] : [];
    const heading = ['TIMESTAMP', ...node, 'SOURCE', 'DESTINATION', 'TYPE', 'VERDICT', 'SUMMARY', 'RULE'];
    this.#stdout.write(table(heading, this.#rows));
  }

  #time(flow: Pick<Flow, 'time'>): string {
    return flow.time ? timeText(flow.time, this.#options.timeFormat) : 'N/A';
  }

  /** As hubble prints it: of an answer the ends are exchanged, so that the client of a connection always stands on the left. */
  #line(flow: Flow): string {
    const style = this.#style;
    const isAnswer = flow.isReply === true;
    const [left, right] = isAnswer
      ? (['destination', 'source'] as const)
      : (['source', 'destination'] as const);
    const arrow = flow.isReply === undefined ? '<>' : isAnswer ? '<-' : '->';
    const node = this.#options.printNodeName ? ` [${flow.nodeName}]` : '';
    const rule = ruleText(flow);
    return [
      `${style.paint('dim', this.#time(flow))}${node}:`,
      this.#end(flow, left),
      style.paint('dim', identityText(flow, left)),
      arrow,
      this.#end(flow, right),
      style.paint('dim', identityText(flow, right)),
      flowTypeText(flow),
      verdictText(flow, style),
      `(${flow.Summary})`,
      ...(rule === undefined ? [] : [rule]),
    ].join(' ');
  }

  #block(flow: Flow): string {
    const rule = ruleText(flow);
    const facts: [string, string][] = [
      ['TIMESTAMP', this.#time(flow)],
      ...(this.#options.printNodeName ? [['NODE', flow.nodeName] satisfies [string, string]] : []),
      ['SOURCE', `${this.#end(flow, 'source')} ${identityText(flow, 'source')}`],
      ['DESTINATION', `${this.#end(flow, 'destination')} ${identityText(flow, 'destination')}`],
      ['TYPE', flowTypeText(flow)],
      ['VERDICT', verdictText(flow, this.#style)],
      ['SUMMARY', flow.Summary],
      ...(rule === undefined ? [] : [['RULE', rule] satisfies [string, string]]),
    ];
    const lines = facts.map(([name, text]) => `${name.padStart(LABEL)}: ${text}\n`).join('');
    return this.#printed === 0 ? lines : `${'-'.repeat(LABEL + 1)}\n${lines}`;
  }

  #row(flow: Flow): string[] {
    return [
      this.#time(flow),
      ...(this.#options.printNodeName ? [flow.nodeName] : []),
      this.#end(flow, 'source'),
      this.#end(flow, 'destination'),
      flowTypeText(flow),
      verdictText(flow),
      flow.Summary,
      ruleText(flow) ?? '',
    ];
  }

  #end(flow: Flow, end: 'source' | 'destination'): string {
    return endText(flow, end, this.#options.numeric ? undefined : nameOf(flow, end));
  }

  #noticeOf({ responseTypes, nodeName }: GetFlowsResponse): string | undefined {
    if (responseTypes.case === 'lostEvents') {
      const { numEventsLost, source } = responseTypes.value;
      return `${numEventsLost} events of ${nodeName} were lost (${LOST[source] ?? 'nobody knows where'})`;
    }
    if (responseTypes.case !== 'nodeStatus') return undefined;
    const { stateChange, nodeNames, message } = responseTypes.value;
    const nodes = nodeNames.join(', ');
    if (stateChange === NodeState.NODE_UNAVAILABLE) return `${nodes}: unavailable`;
    return stateChange === NodeState.NODE_ERROR ? `${nodes}: ${message}` : undefined;
  }
}

const LABEL = 'DESTINATION'.length;

const LOST: Partial<Record<LostEventSource, string>> = {
  [LostEventSource.PERF_EVENT_RING_BUFFER]: "the kernel's buffer had no room",
  [LostEventSource.OBSERVER_EVENTS_QUEUE]: 'the agent was too slow',
  [LostEventSource.HUBBLE_RING_BUFFER]: 'overwritten before they were read',
};
