/**
 * The tests of a filter that are about one end of a flow. Labels and names are looked up once for an identity or an address, whatever
 * they ever were called, as long as names do not change: of a million flows most have few different ends.
 */
import { EventType } from '@waggle/datapath/events';
import { parseLabel, selects } from '@waggle/policy';
import { addressTextOf, isMappedIpv4 } from '../decode/address-text.ts';
import type { PacketPeek } from '../decode/packet-peek.ts';
import type { Flow, FlowEndpoint } from '../flow.ts';
import type { Names } from '../names/names.ts';
import type { RecordView } from '../store/record.ts';
import { AddressSet } from './addresses.ts';
import type { EndFilter } from './flow-filter.ts';
import { type FlowTest, NEVER } from './flow-test.ts';
import { portTest } from './record-tests.ts';
import { parseSelector } from './selector.ts';

type End = 'source' | 'destination';

const DEFAULT_NAMESPACE = 'default';
const DEFAULT_CLUSTER = 'default';

/** The tests of the fields that are given. @throws WaggleError MALFORMED */
export function endTests(end: End, filter: EndFilter, names: Names): FlowTest[] {
  const tests: FlowTest[] = [];
  const { ip, ipTranslated, pod, fqdn, label, service, workload, identity, port, clusterName } = filter;
  if (isGiven(identity)) tests.push(identityTest(end, identity));
  if (isGiven(port)) tests.push(portTest(end, port));
  if (isGiven(ip)) tests.push(ipTest(end, ip));
  if (isGiven(ipTranslated)) tests.push(translatedTest(end, ipTranslated));
  if (isGiven(label)) tests.push(labelTest(end, label, names));
  if (isGiven(pod)) tests.push(podTest(end, pod, names));
  if (isGiven(workload)) tests.push(workloadTest(end, workload));
  if (isGiven(clusterName)) tests.push(clusterTest(end, clusterName));
  // No flow has names of DNS or services yet.
  if (isGiven(fqdn) || isGiven(service)) tests.push(NEVER);
  return tests;
}

const isGiven = <T>(values: readonly T[] | undefined): values is readonly T[] =>
  values !== undefined && values.length > 0;

/** The identity of an end as the record has it; those of a verdict may be the other way round than its packet. */
function mayBe(record: RecordView, end: End, test: (identity: number) => boolean): boolean {
  if (record.type === EventType.PolicyVerdict) return test(record.source) || test(record.destination);
  return test(end === 'source' ? record.source : record.destination);
}

function identityTest(end: End, values: readonly number[]): FlowTest {
  const wanted = new Set(values);
  return {
    matches: (flow) => wanted.has(flow[end].identity),
    // Where the program did not know it, the endpoint's is taken.
    may: (record) => mayBe(record, end, (identity) => identity === 0 || wanted.has(identity)),
  };
}

function ipTest(end: End, values: readonly string[]): FlowTest {
  const wanted = new AddressSet(values);
  return {
    matches: ({ ip }) => ip !== undefined && wanted.hasText(ip[end]),
    mayBePacket: (packet, record) => {
      if (packet.version === 0) return true;
      // A trace may know the source before translation, which is another one than the packet's.
      if (end === 'source' && record.type === EventType.Trace) return mayBeOriginal(record, packet, wanted);
      return wanted.has(packet[end]);
    },
  };
}

function mayBeOriginal(record: RecordView, packet: PacketPeek, wanted: AddressSet): boolean {
  return wanted.has(packet.source) || (record.hasOriginalSource && wanted.has(record.originalSource));
}

function translatedTest(end: End, values: readonly string[]): FlowTest {
  const wanted = new AddressSet(values);
  if (end === 'destination') return NEVER;
  return {
    matches: ({ ip }) => ip?.sourceTranslated !== undefined && wanted.hasText(ip.sourceTranslated),
    mayBePacket: (packet, record) =>
      record.type === EventType.Trace && (packet.version === 0 || wanted.has(packet.source)),
  };
}

function labelTest(end: End, values: readonly string[], names: Names): FlowTest {
  const selectors = values.map(parseSelector);
  const isSelected = (labels: Parameters<typeof selects>[1]): boolean =>
    selectors.some((selector) => selects(selector, labels));
  const ofNobody = isSelected([]);
  const mayHave = remembering(names, (identity: number) => {
    const known = names.everLabelsOf(identity);
    return known.length === 0 ? ofNobody : known.some(({ labels }) => isSelected(labels));
  });
  const memo = new WeakMap<readonly string[], boolean>();
  const has = (labels: readonly string[]): boolean => {
    const known = memo.get(labels);
    if (known !== undefined) return known;
    const result = isSelected(labels.map((text) => parseLabel(text)));
    memo.set(labels, result);
    return result;
  };
  return {
    matches: (flow) => has(flow[end].labels),
    may: (record) => mayBe(record, end, (identity) => identity === 0 || mayHave(identity)),
  };
}

/** `namespace/prefix`, `namespace/`, `prefix`. An endpoint without a namespace is in the default one. */
function podTest(end: End, values: readonly string[], names: Names): FlowTest {
  const wanted = values.map((value) => {
    const slash = value.indexOf('/');
    const namespace = slash < 0 ? DEFAULT_NAMESPACE : value.slice(0, slash);
    return { namespace, prefix: value.slice(slash + 1) };
  });
  const matches = ({ name, namespace = DEFAULT_NAMESPACE }: FlowEndpoint): boolean =>
    wanted.some(
      (each) =>
        (each.namespace === '' || each.namespace === namespace) &&
        (each.prefix === '' ? name !== undefined || each.namespace !== '' : name?.startsWith(each.prefix)),
    );
  const prefixes = wanted.map(({ prefix }) => prefix);
  const mayBeAt = remembering(names, (address: string) =>
    names
      .everEndpointsOf(address)
      .some(({ name }) =>
        prefixes.some(
          (prefix) => name.startsWith(prefix) || name.slice(name.indexOf('/') + 1).startsWith(prefix),
        ),
      ),
  );
  const everywhere = prefixes.includes('');
  const texts = new AddressTexts();
  return {
    matches: (flow) => matches(flow[end]),
    mayBePacket: (packet, record) => {
      if (everywhere || packet.version === 0) return true;
      if (mayBeAt(texts.of(packet[end]))) return true;
      if (end === 'destination' || !record.hasOriginalSource) return false;
      return mayBeAt(texts.of(record.originalSource));
    },
  };
}

function workloadTest(end: End, values: NonNullable<EndFilter['workload']>): FlowTest {
  return {
    matches: (flow) =>
      (flow[end].workloads ?? []).some(({ name, kind }) =>
        values.some((wanted) => (wanted.name ?? name) === name && (wanted.kind ?? kind) === kind),
      ),
  };
}

function clusterTest(end: End, values: readonly string[]): FlowTest {
  const wanted = new Set(values);
  return { matches: (flow: Flow) => wanted.has(flow[end].clusterName ?? DEFAULT_CLUSTER) };
}

/** Remembers answers until names change. */
function remembering<Key>(names: Names, ask: (key: Key) => boolean): (key: Key) => boolean {
  const answers = new Map<Key, boolean>();
  let { version } = names;
  return (key) => {
    if (version !== names.version) {
      version = names.version;
      answers.clear();
    }
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(key);
    answers.set(key, answer);
    return answer;
  };
}

const MOST_REMEMBERED = 65_536;

/** Texts of addresses, made once for each. */
class AddressTexts {
  readonly #ipv4 = new Map<number, string>();

  of(words: Uint32Array): string {
    if (!isMappedIpv4(words)) return addressTextOf(words);
    const key = words[3] ?? 0;
    const known = this.#ipv4.get(key);
    if (known !== undefined) return known;
    const text = addressTextOf(words);
    if (this.#ipv4.size >= MOST_REMEMBERED) this.#ipv4.clear();
    this.#ipv4.set(key, text);
    return text;
  }
}
