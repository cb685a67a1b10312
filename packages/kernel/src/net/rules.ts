/**
 * Routing rules, which choose the routing table: `network.rules` (RTM_NEWRULE; include/uapi/linux/fib_rules.h).
 */

import { WaggleError } from '@waggle/bpf';
import { formatPrefix, type IpFamily, type IpPrefix, parseNetwork } from './addresses.ts';
import { checkInterfaceName, checkU32 } from './checks.ts';
import { familyNumber, familyOf } from './family.ts';
import { MessageBuilder } from './message-builder.ts';
import { type Attributes, MessageFlag, parsePayload } from './netlink-message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import type { RouteTable } from './route.ts';
import { RT_TABLE_COMPAT, tableNumber } from './route-spec.ts';
import { numberOf, type Unknown, wordOf } from './words.ts';

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;
/** struct fib_rule_hdr */
const HEADER_SIZE = 12;
const FIB_RULE_INVERT = 2;
/** FRA_* */
const RuleAttribute = {
  to: 1,
  from: 2,
  inputName: 3,
  priority: 6,
  mark: 10,
  table: 15,
  mask: 16,
  outputName: 17,
  protocol: 21,
} as const;
/** RTPROT_STATIC: added by an administrator, or for one. */
const STATIC = 4;

/** FR_ACT_* */
const actions = { lookup: 1, goto: 2, nop: 3, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
/** What a rule does: look into its table, or drop the packet in one of three ways. */
export type RuleAction = 'lookup' | 'blackhole' | 'unreachable' | 'prohibit';

/** A rule to be added or deleted: what a packet has to be like, and then where to look for its route. */
export interface RuleSpec {
  /** Told by `from` or `to` where one of them is there, else to be given. */
  readonly family?: IpFamily;
  /** Networks, such as `10.0.0.0/8`. */
  readonly from?: string;
  readonly to?: string;
  /** Device names; the devices need not exist yet. */
  readonly inputDevice?: string;
  readonly outputDevice?: string;
  /** The packet mark. */
  readonly mark?: number;
  /** Which bits of the mark count; all by default. */
  readonly mask?: number;
  /** Applies to the packets that are not like that. */
  readonly invert?: boolean;
  /** Rules are tried in ascending order; the kernel chooses one before the lowest that is there, if left out. */
  readonly priority?: number;
  /** For `lookup`. */
  readonly table?: RouteTable;
  /** `lookup` by default. */
  readonly action?: RuleAction;
}

/** A routing rule. */
export interface Rule {
  readonly family: IpFamily;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly inputDevice: string | undefined;
  readonly outputDevice: string | undefined;
  readonly mark: number | undefined;
  readonly mask: number | undefined;
  readonly invert: boolean;
  readonly priority: number;
  readonly table: number | undefined;
  readonly action: keyof typeof actions | Unknown;
}

/**
 * Reads the payload of an RTM_NEWRULE message; undefined for a rule of another protocol than IP.
 * @throws WaggleError MALFORMED
 */
export function decodeRule(payload: Uint8Array): Rule | undefined {
  const { header, attributes } = parsePayload(payload, HEADER_SIZE);
  const family = familyOf(header.getUint8(0));
  if (family === undefined) return undefined;
  const action = wordOf(actions, header.getUint8(7));
  return {
    family,
    from: networkIn(attributes, RuleAttribute.from, header.getUint8(2)),
    to: networkIn(attributes, RuleAttribute.to, header.getUint8(1)),
    inputDevice: attributes.text(RuleAttribute.inputName),
    outputDevice: attributes.text(RuleAttribute.outputName),
    mark: attributes.u32(RuleAttribute.mark),
    mask: attributes.u32(RuleAttribute.mask),
    invert: (header.getUint32(8, true) & FIB_RULE_INVERT) !== 0,
    // The first rule of all, which looks into the local table, comes without a priority: 0.
    priority: attributes.u32(RuleAttribute.priority) ?? 0,
    table: action === 'lookup' ? (attributes.u32(RuleAttribute.table) ?? header.getUint8(4)) : undefined,
    action,
  };
}

function networkIn(attributes: Attributes, type: number, length: number): string | undefined {
  const bytes = attributes.bytes(type);
  return bytes === undefined ? undefined : formatPrefix({ bytes, length });
}

/** The routing rules of one network namespace. */
export class Rules {
  readonly #socket: NetlinkSocket;

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** All rules in the order in which they are tried, IPv4 first. */
  list(filter: { readonly family?: IpFamily } = {}): Rule[] {
    const families: IpFamily[] = filter.family === undefined ? [4, 6] : [filter.family];
    return families.flatMap((family) => {
      const message = new MessageBuilder(RTM_GETRULE).u8(familyNumber(family), 0, 0, 0, 0, 0, 0, 0).u32(0);
      const replies = this.#socket.dump(message, { operation: 'list', object: `IPv${family} routing rules` });
      return replies.flatMap(({ payload }) => decodeRule(payload) ?? []);
    });
  }

  /** Adds a rule.
   * @throws KernelError EXISTS when the same one is there already. */
  add(spec: RuleSpec): void {
    const message = new MessageBuilder(RTM_NEWRULE, MessageFlag.create | MessageFlag.exclusive);
    this.#socket.request(writeRule(message, spec, true), { operation: 'add', object: ruleText(spec) });
  }

  /** Deletes the first rule that is as the spec says; what it leaves out may be anything.
   * @throws KernelError NOT_FOUND */
  delete(spec: RuleSpec): void {
    this.#socket.request(writeRule(new MessageBuilder(RTM_DELRULE), spec, false), {
      operation: 'delete',
      object: ruleText(spec),
    });
  }
}

function ruleText({ priority, from, to, mark }: RuleSpec): string {
  const parts = ['routing rule'];
  if (priority !== undefined) parts.push(`${priority}`);
  if (from !== undefined) parts.push(`from ${from}`);
  if (to !== undefined) parts.push(`to ${to}`);
  if (mark !== undefined) parts.push(`mark ${mark}`);
  return parts.join(' ');
}

function writeRule(message: MessageBuilder, spec: RuleSpec, exact: boolean): MessageBuilder {
  const from = spec.from === undefined ? undefined : parseNetwork(spec.from);
  const to = spec.to === undefined ? undefined : parseNetwork(spec.to);
  const family = familyIn(spec, from, to);
  const looksUp = (spec.action ?? 'lookup') === 'lookup';
  if (exact && looksUp !== (spec.table !== undefined)) {
    throw new WaggleError(
      'INVALID',
      `a rule that ${looksUp ? 'looks up a route needs' : 'drops packets takes no'} table`,
    );
  }
  const table = spec.table === undefined ? 0 : tableNumber(spec.table);
  const action =
    spec.action === undefined && !exact ? 0 : numberOf(actions, spec.action ?? 'lookup', 'an action');
  message
    .u8(familyNumber(family), to?.length ?? 0, from?.length ?? 0, 0)
    .u8(table > 255 ? RT_TABLE_COMPAT : table, 0, 0, action)
    .u32(spec.invert ? FIB_RULE_INVERT : 0);
  if (from !== undefined) message.addBytes(RuleAttribute.from, from.bytes);
  if (to !== undefined) message.addBytes(RuleAttribute.to, to.bytes);
  const { inputDevice, outputDevice, mark, mask, priority } = spec;
  if (inputDevice !== undefined) message.addText(RuleAttribute.inputName, checkInterfaceName(inputDevice));
  if (outputDevice !== undefined) message.addText(RuleAttribute.outputName, checkInterfaceName(outputDevice));
  if (mark !== undefined) message.addU32(RuleAttribute.mark, checkU32(mark, 'a packet mark'));
  if (mask !== undefined) message.addU32(RuleAttribute.mask, checkU32(mask, 'a mask'));
  if (priority !== undefined) message.addU32(RuleAttribute.priority, checkU32(priority, 'a priority'));
  if (table !== 0) message.addU32(RuleAttribute.table, table);
  return exact ? message.addU8(RuleAttribute.protocol, STATIC) : message;
}

function familyIn(spec: RuleSpec, from: IpPrefix | undefined, to: IpPrefix | undefined): IpFamily {
  const families = new Set([spec.family, from?.family, to?.family].filter((family) => family !== undefined));
  const [family, other] = families;
  if (family !== undefined && other === undefined) return family;
  throw new WaggleError(
    'INVALID',
    family === undefined ? 'a routing rule needs a family' : `${ruleText(spec)} mixes IPv4 and IPv6`,
    { hint: 'Give family: 4 or family: 6, or addresses of one of them' },
  );
}
