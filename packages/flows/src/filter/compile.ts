/**
 * Filters, made ready to be asked about millions of records: each field becomes a test, cheap ones come first, and what the record
 * itself tells is asked before anything is decoded.
 */
import { WaggleError } from '@waggle/bpf';
import { parseLabel, selects } from '@waggle/policy';
import { PacketPeek } from '../decode/packet-peek.ts';
import { isFlow } from '../decode/record-facts.ts';
import type { Flow } from '../flow.ts';
import type { Names } from '../names/names.ts';
import type { RecordView } from '../store/record.ts';
import { endTests } from './end-tests.ts';
import type { FlowFilter } from './flow-filter.ts';
import { type FlowTest, NEVER } from './flow-test.ts';
import * as tests from './record-tests.ts';
import { parseSelector } from './selector.ts';

export interface FilterContext {
  readonly names: Names;
  readonly nodeLabels?: readonly string[];
}

/** What to take and what to leave out. */
export class CompiledFilters {
  readonly #allow: readonly (readonly FlowTest[])[];
  readonly #deny: readonly (readonly FlowTest[])[];
  readonly #packet = new PacketPeek();

  /** @throws WaggleError MALFORMED for a value that cannot be understood, NOT_SUPPORTED for CEL. */
  constructor(allow: readonly FlowFilter[], deny: readonly FlowFilter[], context: FilterContext) {
    this.#allow = allow.map((filter) => testsOf(filter, context));
    this.#deny = deny.map((filter) => testsOf(filter, context));
  }

  /** Whether a record may be of a flow that is wanted. False is certain. */
  may(record: RecordView): boolean {
    if (!isFlow(record)) return false;
    const allow = this.#allow;
    if (allow.length === 0) return true;
    let packet: PacketPeek | undefined;
    for (const filter of allow) {
      if (!mayBeRecord(filter, record)) continue;
      packet ??= this.#packet.look(record);
      if (mayBePacket(filter, packet, record)) return true;
    }
    return false;
  }

  /** Whether nothing is left out. */
  get isEverything(): boolean {
    return this.#allow.length === 0 && this.#deny.length === 0;
  }

  /** Whether a flow is wanted. */
  matches(flow: Flow): boolean {
    const isAllowed = this.#allow.length === 0 || this.#allow.some((filter) => matches(filter, flow));
    return isAllowed && !this.#deny.some((filter) => matches(filter, flow));
  }
}

function mayBeRecord(filter: readonly FlowTest[], record: RecordView): boolean {
  for (const { may } of filter) {
    if (may && !may(record)) return false;
  }
  return true;
}

function mayBePacket(filter: readonly FlowTest[], packet: PacketPeek, record: RecordView): boolean {
  for (const test of filter) {
    if (test.mayBePacket && !test.mayBePacket(packet, record)) return false;
  }
  return true;
}

const matches = (filter: readonly FlowTest[], flow: Flow): boolean =>
  filter.every((test) => test.matches(flow));

function testsOf(filter: FlowFilter, context: FilterContext): FlowTest[] {
  const result: FlowTest[] = [];
  const add = <T>(values: readonly T[] | undefined, make: (values: readonly T[]) => FlowTest): void => {
    if (values !== undefined && values.length > 0) result.push(make(values));
  };
  if (filter.cel && filter.cel.length > 0) {
    throw new WaggleError('NOT_SUPPORTED', 'Flows cannot be filtered by expressions of CEL', {
      hint: 'Use the fields of filters: addresses, labels, verdicts, ports…',
    });
  }
  add(filter.verdict, tests.verdictTest);
  add(filter.eventType, tests.eventTypeTest);
  add(filter.dropReason, tests.dropReasonTest);
  add(filter.reply, tests.replyTest);
  add(filter.encrypted, tests.encryptedTest);
  add(filter.protocol, tests.protocolTest);
  add(filter.ipVersion, tests.ipVersionTest);
  add(filter.tcpFlags, tests.tcpFlagsTest);
  for (const absent of ABSENT) add<unknown>(filter[absent], () => NEVER);
  if (filter.source) result.push(...endTests('source', filter.source, context.names));
  if (filter.destination) result.push(...endTests('destination', filter.destination, context.names));
  add(filter.uuid, tests.uuidTest);
  add(filter.direction, tests.directionTest);
  add(filter.interface, tests.interfaceTest);
  add(filter.nodeName, (patterns) => tests.nodeTest(patterns));
  add(filter.nodeLabels, (selectors) => nodeLabelTest(selectors, context.nodeLabels ?? []));
  return result;
}

/** Fields of what no flow of layers 3 and 4 has. */
const ABSENT = [
  'traceId',
  'ipTraceId',
  'httpStatusCode',
  'httpMethod',
  'httpPath',
  'httpUrl',
  'httpHeader',
  'dnsQuery',
] as const;

/** All flows are of one node: its labels match or not. */
function nodeLabelTest(selectors: readonly string[], labels: readonly string[]): FlowTest {
  const parsed = labels.map((label) => parseLabel(label));
  const isSelected = selectors.map(parseSelector).some((selector) => selects(selector, parsed));
  return isSelected ? { matches: () => true } : NEVER;
}
