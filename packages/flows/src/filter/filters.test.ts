/** Filters: each field by examples, and all of them against an evaluator that knows no shortcuts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FlowDecoder } from '../decode/flow-decoder.ts';
import type { Flow, FlowEndpoint } from '../flow.ts';
import { Names } from '../names/names.ts';
import { FlowStore } from '../store/flow-store.ts';
import * as arbitrary from '../testing/arbitrary.ts';
import { put } from '../testing/records.ts';
import { CompiledFilters } from './compile.ts';
import type { EndFilter, EventTypeFilter, FlowFilter } from './flow-filter.ts';

const NODE_LABELS = ['k8s:zone=a'];

const web: FlowEndpoint = {
  ...{ id: 1, name: 'web-1', namespace: 'shop', identity: 300 },
  labels: ['k8s:app=web', 'k8s:io.kubernetes.pod.namespace=shop'],
};
const world: FlowEndpoint = { identity: 2, labels: ['reserved:world'] };
const flow: Flow = {
  kind: 'flow',
  sequence: 1,
  time: 0n,
  nodeName: 'node-1',
  verdict: 'dropped',
  dropReason: 133,
  ip: { version: 4, source: '10.0.0.1', sourceTranslated: '203.0.113.7', destination: '198.51.100.1' },
  l4: { protocol: 'TCP', sourcePort: 40_000, destinationPort: 80, flags: ['SYN', 'ACK'] },
  source: { ...web, workloads: [{ name: 'web', kind: 'Deployment' }] },
  destination: world,
  eventType: { type: 1, subtype: 133 },
  direction: 'egress',
  isReply: false,
  interface: { index: 7, name: 'lxc7' },
  egressAllowedBy: [],
  ingressAllowedBy: [],
  egressDeniedBy: [],
  ingressDeniedBy: [],
  length: 60,
  malformed: false,
  summary: 'TCP Flags: SYN, ACK',
};

const compile = (filter: FlowFilter) =>
  new CompiledFilters([filter], [], { names: new Names(), nodeLabels: NODE_LABELS });

/** Filters that match the flow above, and filters that do not. */
const TABLE: readonly (readonly [keyof FlowFilter | keyof EndFilter, FlowFilter[], FlowFilter[]])[] = [
  ['verdict', [{ verdict: ['dropped'] }, { verdict: ['audit', 'dropped'] }], [{ verdict: ['forwarded'] }]],
  ['dropReason', [{ dropReason: [181, 133] }], [{ dropReason: [181] }]],
  [
    'eventType',
    [
      { eventType: [{ type: 1 }] },
      { eventType: [{}] },
      { eventType: [{ subtype: 133 }] },
      { eventType: [{ type: 4 }, { type: 1, subtype: 133 }] },
    ],
    [
      { eventType: [{ type: 4 }] },
      { eventType: [{ subtype: 4 }] },
      { eventType: [{ type: 1, subtype: 181 }] },
    ],
  ],
  ['direction', [{ direction: ['egress'] }], [{ direction: ['ingress'] }]],
  ['reply', [{ reply: [false] }], [{ reply: [true] }]],
  ['interface', [{ interface: ['lxc7'] }], [{ interface: ['lxc'] }]],
  [
    'protocol',
    [{ protocol: ['TCP'] }, { protocol: ['udp', 'tcp'] }],
    [{ protocol: ['udp'] }, { protocol: ['http'] }],
  ],
  ['ipVersion', [{ ipVersion: [4] }], [{ ipVersion: [6] }]],
  [
    'tcpFlags',
    [{ tcpFlags: [['RST'], ['SYN']] }, { tcpFlags: [['SYN', 'ACK']] }, { tcpFlags: [[]] }],
    [{ tcpFlags: [['SYN', 'FIN']] }],
  ],
  [
    'nodeName',
    [{ nodeName: ['node-*'] }, { nodeName: ['default/'] }],
    [{ nodeName: ['node'] }, { nodeName: ['x/node-1'] }],
  ],
  ['nodeLabels', [{ nodeLabels: ['zone=a'] }], [{ nodeLabels: ['zone=b'] }]],
  ['encrypted', [{ encrypted: [false] }], [{ encrypted: [true] }]],
  ['uuid', [], [{ uuid: ['1'] }, { httpMethod: ['GET'] }, { dnsQuery: ['.*'] }, { traceId: ['1'] }]],
  [
    'ip',
    [{ source: { ip: ['10.0.0.0/8'] } }, { source: { ip: ['fd00::/8', '10.0.0.1'] } }],
    [{ source: { ip: ['10.0.0.2'] } }, { destination: { ip: ['10.0.0.0/8'] } }, { source: { ip: ['::/1'] } }],
  ],
  [
    'ipTranslated',
    [{ source: { ipTranslated: ['203.0.113.7'] } }],
    [{ source: { ipTranslated: ['10.0.0.1'] } }, { destination: { ipTranslated: ['0.0.0.0/0'] } }],
  ],
  [
    'pod',
    [{ source: { pod: ['shop/web'] } }, { source: { pod: ['shop/'] } }, { source: { pod: ['/web'] } }],
    [{ source: { pod: ['web'] } }, { source: { pod: ['shop/eb'] } }, { destination: { pod: ['shop/'] } }],
  ],
  [
    'label',
    [
      { source: { label: ['app=web'] } },
      { source: { label: ['k8s:app in (api, web), app'] } },
      { source: { label: ['x', '!x'] } },
      { destination: { label: ['reserved:world'] } },
    ],
    [{ source: { label: ['app=web,env=x'] } }, { source: { label: ['container:app=web'] } }],
  ],
  ['identity', [{ source: { identity: [1, 300] } }], [{ source: { identity: [2] } }]],
  ['port', [{ destination: { port: ['80'] } }], [{ source: { port: ['80'] } }]],
  [
    'workload',
    [{ source: { workload: [{ kind: 'Deployment' }] } }, { source: { workload: [{ name: 'web' }] } }],
    [{ source: { workload: [{ name: 'web', kind: 'Job' }] } }, { destination: { workload: [{}] } }],
  ],
  ['clusterName', [{ source: { clusterName: ['default'] } }], [{ source: { clusterName: ['other'] } }]],
  ['fqdn', [], [{ source: { fqdn: ['*'] } }, { destination: { service: ['shop/'] } }]],
];

describe('a filter', () => {
  for (const [field, hits, misses] of TABLE) {
    test(`by ${field}`, () => {
      for (const filter of hits) assert.ok(compile(filter).matches(flow), JSON.stringify(filter));
      for (const filter of misses) assert.ok(!compile(filter).matches(flow), JSON.stringify(filter));
    });
  }

  test('says nothing by fields that are empty', () => {
    assert.ok(compile({ verdict: [], source: { ip: [] } }).matches(flow));
  });

  test('that cannot be understood is refused with what is right', () => {
    const refused = (filter: FlowFilter, message: RegExp, code = 'MALFORMED') =>
      assert.throws(() => compile(filter), { code, message });
    refused({ protocol: ['tcq'] }, /There is no protocol "tcq" to filter by. Use one of tcp, udp/);
    refused({ protocol: ['toString'] }, /There is no protocol/);
    refused({ source: { ip: ['10.0.0'] } }, /"10.0.0" is neither an address nor a prefix. It is written as/);
    refused({ source: { ip: ['10.0.0.0/33'] } }, /neither an address nor a prefix/);
    refused({ source: { port: ['http'] } }, /"http" is no port. It is a number from 0 to 65535/);
    refused({ source: { label: ['app in web'] } }, /"app in web" is wrong at "web": "\(" is missing/);
    refused({ source: { label: ['a=b c'] } }, /a comma is missing/);
    refused({ source: { label: [''] } }, /at its end: the key of a label is missing/);
    refused({ cel: ['true'] }, /cannot be filtered by expressions of CEL/, 'NOT_SUPPORTED');
  });
});

describe('filters', () => {
  test('take what one of them matches, and leave out what is denied', () => {
    const of = (allow: FlowFilter[], deny: FlowFilter[]) =>
      new CompiledFilters(allow, deny, { names: new Names() }).matches(flow);
    const yes: FlowFilter[] = [{ verdict: ['dropped'] }];
    const no: FlowFilter[] = [{ verdict: ['audit'] }];
    assert.deepEqual(
      [of([], []), of([...no, ...yes], []), of(no, []), of([], yes), of(yes, [...no, ...yes]), of(yes, no)],
      [true, true, false, false, false, true],
    );
  });

  test('decide as an evaluator does that asks each flow everything', () => {
    const names = new Names();
    for (const [index, changes] of arbitrary.NAME_CHANGES.entries()) names.apply(changes, index * 50);
    const store = new FlowStore(0.1);
    const decoder = new FlowDecoder(store, { names, nodeName: 'node-1', wallTime: (time) => time });
    const view = store.view();
    let wanted = 0;
    let spared = 0;
    fc.assert(
      fc.property(
        fc.array(arbitrary.record, { minLength: 1, maxLength: 10 }),
        fc.array(arbitrary.filter, { maxLength: 2 }),
        fc.array(arbitrary.filter, { maxLength: 1 }),
        (records, allow, deny) => {
          const filters = new CompiledFilters(allow, deny, { names, nodeLabels: NODE_LABELS });
          for (const record of records) {
            put(store, record);
            const may = filters.may(view.moveTo(store.wordOf(store.last)));
            const decoded = decoder.flowOf(store.last);
            const isFlow = [1, 4, 5].includes(decoded.eventType.type);
            const expected = isFlow && naive(decoded, allow, deny);
            assert.equal(may && filters.matches(decoded), expected);
            if (expected) wanted++;
            else if (!may) spared++;
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(wanted > 1000 && spared > 1000, `${wanted} wanted, ${spared} not decoded`);
  });
});

/** The meaning of filters, said once more and slowly. */
function naive(flow: Flow, allow: readonly FlowFilter[], deny: readonly FlowFilter[]): boolean {
  const hits = (filter: FlowFilter) =>
    Object.entries(filter).every(([field, value]) => {
      if (field === 'source' || field === 'destination') return naiveEnd(flow, field, value as EndFilter);
      const values = value as readonly unknown[];
      return values.length === 0 || values.some((wanted) => naiveField(flow, field, wanted));
    });
  return (allow.length === 0 || allow.some(hits)) && !deny.some(hits);
}

function naiveField(flow: Flow, field: string, wanted: unknown): boolean {
  const { l4, eventType } = flow;
  switch (field) {
    case 'interface':
      return flow.interface?.name === wanted;
    case 'reply':
      return (flow.isReply ?? (flow.verdict === 'dropped' ? false : undefined)) === wanted;
    case 'verdict':
    case 'direction':
    case 'dropReason':
      return flow[field] === wanted;
    case 'ipVersion':
      return (flow.ip?.version ?? 0) === wanted;
    case 'encrypted':
      return wanted === false;
    case 'protocol':
      return l4?.protocol.toLowerCase().startsWith(String(wanted).toLowerCase()) ?? false;
    case 'tcpFlags':
      return (
        l4?.protocol === 'TCP' && (wanted as string[]).every((flag) => l4.flags.some((each) => each === flag))
      );
    case 'nodeName':
      return ['node-1', 'default/node-*', 'n*'].includes(String(wanted));
    case 'nodeLabels':
      return wanted === 'zone=a';
    case 'eventType': {
      const { type = eventType.type, subtype = eventType.subtype } = wanted as EventTypeFilter;
      return type === eventType.type && subtype === eventType.subtype;
    }
    default:
      return false;
  }
}

function naiveEnd(flow: Flow, end: 'source' | 'destination', filter: EndFilter): boolean {
  return Object.entries(filter).every(
    ([field, values]) =>
      values.length === 0 ||
      (values as readonly unknown[]).some((wanted) => naiveEndField(flow, end, field, wanted)),
  );
}

function naiveEndField(flow: Flow, end: 'source' | 'destination', field: string, wanted: unknown): boolean {
  const { identity, labels, name, namespace = 'default' } = flow[end];
  const text = String(wanted);
  switch (field) {
    case 'identity':
      return identity === wanted;
    case 'port':
      return (
        flow.l4 !== undefined && `${end}Port` in flow.l4 && Object(flow.l4)[`${end}Port`] === Number(text)
      );
    case 'ip':
      return flow.ip !== undefined && isIn(flow.ip[end], text);
    case 'ipTranslated':
      return (
        end === 'source' && flow.ip?.sourceTranslated !== undefined && isIn(flow.ip.sourceTranslated, text)
      );
    case 'clusterName':
      return wanted === 'default';
    case 'pod': {
      const [first = '', second] = text.split('/');
      const [space, prefix] = second === undefined ? ['default', first] : [first, second];
      return (space === '' || space === namespace) && (prefix === '' || (name?.startsWith(prefix) ?? false));
    }
    case 'label': {
      const has = (label: string) => labels.some((each) => each === label || each.startsWith(`${label}=`));
      const meanings: Readonly<Record<string, boolean>> = {
        'app=web': has('k8s:app=web'),
        'k8s:app in (web, api)': has('k8s:app=web') || has('k8s:app=api'),
        '!app': !has('k8s:app'),
        'env!=test': !has('k8s:env=test'),
        'reserved:world': has('reserved:world'),
        env: has('k8s:env'),
      };
      return meanings[text] ?? false;
    }
    default:
      return false;
  }
}

const bitsOf = (address: string): string => {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  const [head = '', tail = ''] = address.split('::');
  const parts = (text: string) => (text === '' ? [] : text.split(':'));
  const middle = Array<string>(address.includes('::') ? 8 - parts(head).length - parts(tail).length : 0).fill(
    '0',
  );
  const all = [...parts(head), ...middle, ...parts(tail)];
  return all.map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0')).join('');
};

function isIn(address: string, prefix: string): boolean {
  const [network = '', length] = prefix.split('/');
  const [bits, wanted] = [bitsOf(address), bitsOf(network)];
  return (
    bits.length === wanted.length &&
    bits.startsWith(wanted.slice(0, length === undefined ? wanted.length : Number(length)))
  );
}
