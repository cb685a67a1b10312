/**
 * The semantics of the rule language, one by one, numbered as in the field's documents that users rely on: policies as they are
 * written, and what they say of packets. (7) and (13) speak of what comes before and after the map: services are translated
 * and replies are recognised by the data path, and the engine adds nothing to the map for either.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePolicies } from '../rules/parse.ts';
import { assertOutcomes, mapOf, resultOf, type Scenario } from '../testing/scenario.ts';

const WEB = 'endpointSelector: {matchLabels: {app: web}}';

/** A scenario with bare rules, one YAML document each. */
const rules = (...texts: string[]): Scenario => parsePolicies(texts.join('\n---\n'));

/** One bare rule about web. */
const ofWeb = (...lines: string[]): string => [WEB, ...lines].join('\n');

suite('(1) Rules are united: what one allows, no other takes away', () => {
  const foo = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
  const bar = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: bar}}]}]');
  test('two rules allow what either allows', () => {
    assertOutcomes(rules(foo, bar), {
      'ingress foo TCP/80': 'allow',
      'ingress bar TCP/80': 'allow',
      'ingress world TCP/80': 'default-deny',
    });
  });
  test('a rule without elements for a direction says nothing of it', () => {
    assertOutcomes(rules(foo, ofWeb('ingress: []')), {
      'ingress foo TCP/80': 'allow',
      'egress foo TCP/80': 'allow',
    });
    assertOutcomes(rules(ofWeb('ingress: []', 'egress: []')), {
      'ingress bar TCP/80': 'allow',
      'egress bar UDP/53': 'allow',
    });
  });
  test('rules for other subjects say nothing', () => {
    const other =
      'endpointSelector: {matchLabels: {app: foo}}\ningress: [{}]\negressDeny: [{toEntities: [all]}]';
    assertOutcomes(rules(other), { 'ingress bar TCP/80': 'allow', 'egress bar TCP/80': 'allow' });
  });
});

suite('(2) Peers and ports of one element go together, elements are alternatives', () => {
  test('an element allows its ports to its peers alone', () => {
    const text = ofWeb(
      'ingress:',
      '- fromEndpoints: [{matchLabels: {app: foo}}]',
      '  toPorts: [{ports: [{port: "80", protocol: TCP}]}]',
    );
    assertOutcomes(rules(text), {
      'ingress foo TCP/80': 'allow',
      'ingress foo TCP/81': 'default-deny',
      'ingress foo UDP/80': 'default-deny',
      'ingress bar TCP/80': 'default-deny',
    });
  });
  test('two elements allow all of either', () => {
    const text = ofWeb(
      'ingress:',
      '- fromEndpoints: [{matchLabels: {app: foo}}]',
      '- toPorts: [{ports: [{port: "80", protocol: TCP}]}]',
    );
    assertOutcomes(rules(text), {
      'ingress foo TCP/81': 'allow',
      'ingress foo UDP/80': 'allow',
      'ingress bar TCP/80': 'allow',
      'ingress bar TCP/81': 'default-deny',
    });
  });
  test('peers within one list are alternatives, labels of one selector go together', () => {
    const text = ofWeb(
      'egress:',
      '- toEndpoints: [{matchLabels: {app: foo}}, {matchLabels: {app: bar, env: test}}, {matchLabels: {env: prod}}]',
    );
    assertOutcomes(rules(text), { 'egress foo TCP/1': 'allow', 'egress bar TCP/1': 'allow' });
    const both = ofWeb('egress: [{toEndpoints: [{matchLabels: {app: bar, env: test}}]}]');
    assertOutcomes(rules(both), { 'egress bar TCP/1': 'default-deny' });
  });
});

suite('(3) Ports without peers are open to everybody', () => {
  test('the world and nodes included', () => {
    const text = ofWeb('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]');
    assertOutcomes(rules(text), {
      'ingress foo TCP/80': 'allow',
      'ingress world TCP/80': 'allow',
      'ingress node TCP/80': 'allow',
      'ingress tenOne TCP/80': 'allow',
      'ingress foo TCP/81': 'default-deny',
    });
    assert.deepEqual(mapOf(rules(text)), ['ingress any TCP/80 allow', 'egress any any allow']);
  });
  test('an element with neither allows nobody; an empty selector allows everybody', () => {
    assertOutcomes(rules(ofWeb('ingress: [{}]')), {
      'ingress foo TCP/80': 'default-deny',
      'egress foo TCP/80': 'allow',
    });
    assertOutcomes(rules(ofWeb('ingress: [{fromEndpoints: [{}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress world ICMP/8': 'allow',
    });
  });
  test('an empty list of peers allows nobody', () => {
    const text = ofWeb('ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]');
    assertOutcomes(rules(text), { 'ingress foo TCP/80': 'default-deny' });
  });
  test('port 0 is every port of the protocol, ANY is TCP, UDP and SCTP', () => {
    assertOutcomes(rules(ofWeb('ingress: [{toPorts: [{ports: [{port: "0", protocol: UDP}]}]}]')), {
      'ingress foo UDP/0': 'allow',
      'ingress foo UDP/65535': 'allow',
      'ingress foo TCP/80': 'default-deny',
    });
    assertOutcomes(rules(ofWeb('ingress: [{toPorts: [{ports: [{port: "80"}]}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress foo UDP/80': 'allow',
      'ingress foo SCTP/80': 'allow',
      'ingress foo ICMP/80': 'default-deny',
    });
  });
  test('endPort makes a range, both ends included', () => {
    const text = ofWeb('ingress: [{toPorts: [{ports: [{port: "80", endPort: 90, protocol: TCP}]}]}]');
    assertOutcomes(rules(text), {
      'ingress foo TCP/79': 'default-deny',
      'ingress foo TCP/80': 'allow',
      'ingress foo TCP/90': 'allow',
      'ingress foo TCP/91': 'default-deny',
    });
  });
});

suite('(4) L7 rules of one port are united; a port without them lifts them', () => {
  const get = (peers: string): string =>
    ofWeb(
      'ingress:',
      `- toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{method: GET, path: /}]}}]`,
      ...(peers === '' ? [] : [`  fromEndpoints: [{matchLabels: {app: ${peers}}}]`]),
    );
  const plain = (peers: string): string =>
    ofWeb(
      'ingress:',
      '- toPorts: [{ports: [{port: "80", protocol: TCP}]}]',
      ...(peers === '' ? [] : [`  fromEndpoints: [{matchLabels: {app: ${peers}}}]`]),
    );
  test('with L7 rules alone, a proxy checks', () => {
    assertOutcomes(rules(get('')), {
      'ingress foo TCP/80': 'redirect',
      'ingress foo TCP/81': 'default-deny',
    });
    assert.deepEqual(mapOf(rules(get(''))), ['ingress any TCP/80 redirect to http', 'egress any any allow']);
  });
  test('a plain rule for the same peers lets everything pass', () => {
    assertOutcomes(rules(get(''), plain('')), { 'ingress foo TCP/80': 'everything' });
    assertOutcomes(rules(get('foo'), plain('foo')), {
      'ingress foo TCP/80': 'everything',
      'ingress bar TCP/80': 'default-deny',
    });
  });
  test('a plain rule for some lifts the L7 rules for them alone', () => {
    assertOutcomes(rules(get(''), plain('foo')), {
      'ingress foo TCP/80': 'everything',
      'ingress bar TCP/80': 'redirect',
    });
    const allOfFoo = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(rules(get(''), allOfFoo), {
      'ingress foo TCP/80': 'everything',
      'ingress foo TCP/81': 'allow',
      'ingress bar TCP/80': 'redirect',
    });
  });
  test('a plain rule for everybody lifts those of some', () => {
    assertOutcomes(rules(get('foo'), plain('')), {
      'ingress foo TCP/80': 'everything',
      'ingress bar TCP/80': 'allow',
    });
  });
  test('two parsers on one port are a conflict, and the entries are the safe state', () => {
    const kafka = ofWeb(
      'ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {kafka: [{topic: orders}]}}]}]',
    );
    const scenario = rules(get('foo'), kafka);
    assert.equal(resultOf(rules(get('foo'))).status.kind, 'ok');
    const { status, entries } = resultOf(scenario);
    assert.equal(status.kind, 'conflict');
    assert.deepEqual(
      entries.filter(({ action }) => action !== 'deny'),
      [],
    );
  });
  test('a port range that holds a port of another parser conflicts too; ports beside each other do not', () => {
    const kafka = (port: string): string =>
      ofWeb(`ingress: [{toPorts: [{ports: [{${port}, protocol: TCP}], rules: {kafka: [{topic: orders}]}}]}]`);
    const range = kafka('port: "79", endPort: 81');
    assert.equal(resultOf(rules(get(''), range)).status.kind, 'conflict');
    const beside = kafka('port: "81", endPort: 90');
    assert.equal(resultOf(rules(get(''), beside)).status.kind, 'ok');
  });
});

suite('(5) Deny beats allow, however specific; redirect beats a plain allow', () => {
  const allowFoo80 = ofWeb(
    'ingress: [{fromEndpoints: [{matchLabels: {app: foo}}], toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]',
  );
  const allowAll = ofWeb('ingress: [{fromEntities: [all]}]');
  test('a deny for a peer beats an allow for its port', () => {
    const deny = ofWeb('ingressDeny: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(rules(allowFoo80, allowAll, deny), {
      'ingress foo TCP/80': 'deny',
      'ingress bar TCP/80': 'allow',
    });
  });
  test('a deny for a range beats an allow for a port in it', () => {
    const deny = ofWeb('ingressDeny: [{toPorts: [{ports: [{port: "79", endPort: 81, protocol: TCP}]}]}]');
    assertOutcomes(rules(allowFoo80, allowAll, deny), {
      'ingress foo TCP/80': 'deny',
      'ingress bar TCP/79': 'deny',
      'ingress bar TCP/82': 'allow',
    });
  });
  test('a deny for a network beats an allow for a network in it, and the other way round', () => {
    const wide = rules(
      ofWeb('egress: [{toCIDR: [10.1.0.0/16]}]'),
      ofWeb('egressDeny: [{toCIDR: [10.0.0.0/8]}]'),
    );
    assertOutcomes(wide, { 'egress ten TCP/80': 'deny', 'egress tenOne TCP/80': 'deny' });
    const narrow = rules(
      ofWeb('egress: [{toCIDR: [10.0.0.0/8]}]'),
      ofWeb('egressDeny: [{toCIDR: [10.1.0.0/16]}]'),
    );
    assertOutcomes(narrow, { 'egress ten TCP/80': 'allow', 'egress tenOne TCP/80': 'deny' });
  });
  test('a deny for a peer beats L7 rules for everybody', () => {
    const http = ofWeb('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}], rules: {http: [{}]}}]}]');
    const deny = ofWeb('ingressDeny: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(rules(http, deny), { 'ingress foo TCP/80': 'deny', 'ingress bar TCP/80': 'redirect' });
  });
  test('a deny alone switches the rest of its direction to default deny', () => {
    const deny = ofWeb('ingressDeny: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(rules(deny), {
      'ingress foo TCP/80': 'deny',
      'ingress bar TCP/80': 'default-deny',
      'egress foo TCP/80': 'allow',
    });
  });
});

suite('(6) Ports for everybody and all of a peer stand beside each other', () => {
  test('both keys are kept', () => {
    const scenario = rules(
      ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]'),
      ofWeb('ingress: [{toPorts: [{ports: [{port: "80", protocol: TCP}]}]}]'),
    );
    assert.deepEqual(
      mapOf(scenario).sort(),
      [
        'egress any any allow',
        'ingress any TCP/80 allow',
        'ingress foo any allow',
        'ingress away any allow',
      ].sort(),
    );
  });
});

suite('(7) Ports are those of the endpoint that receives', () => {
  test('a service as peer is nobody until it is resolved to addresses', () => {
    const text = ofWeb('egress: [{toServices: [{k8sService: {serviceName: shop, namespace: default}}]}]');
    assertOutcomes(rules(text), { 'egress foo TCP/80': 'default-deny', 'egress ten TCP/80': 'default-deny' });
  });
});

suite('(8) ICMP has no ports: rules for ports do not allow it', () => {
  test('one rule for a port blocks it', () => {
    const text = ofWeb('ingress: [{toPorts: [{ports: [{port: "80", protocol: ANY}]}]}]');
    assertOutcomes(rules(text), {
      'ingress foo ICMP/8': 'default-deny',
      'ingress foo ICMPv6/128': 'default-deny',
    });
  });
  test('icmps allow types of a family', () => {
    const text = ofWeb(
      'ingress: [{icmps: [{fields: [{type: 8, family: IPv4}, {type: 128, family: IPv6}]}]}]',
    );
    assertOutcomes(rules(text), {
      'ingress foo ICMP/8': 'allow',
      'ingress foo ICMP/0': 'default-deny',
      'ingress foo ICMP/128': 'default-deny',
      'ingress foo ICMPv6/128': 'allow',
      'ingress foo TCP/8': 'default-deny',
    });
  });
  test('echo replies, type 0, are one type and not all', () => {
    const text = ofWeb('ingress: [{icmps: [{fields: [{type: 0, family: IPv4}]}]}]');
    assertOutcomes(rules(text), { 'ingress foo ICMP/0': 'allow', 'ingress foo ICMP/8': 'default-deny' });
  });
  test('peers without ports may send it, and any other protocol', () => {
    const text = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]');
    assertOutcomes(rules(text), { 'ingress foo ICMP/8': 'allow', 'ingress foo 47/0': 'allow' });
  });
  test('icmps deny', () => {
    const deny = ofWeb('ingressDeny: [{icmps: [{fields: [{type: 8, family: IPv4}]}]}]');
    assertOutcomes(rules(ofWeb('ingress: [{fromEntities: [all]}]'), deny), {
      'ingress foo ICMP/8': 'deny',
      'ingress foo ICMP/0': 'allow',
    });
  });
});

suite('(9) toFQDNs stand alone in their element', () => {
  for (const other of ['toCIDR: [10.0.0.0/8]', 'toEndpoints: [{}]', 'toEntities: [world]']) {
    test(`not beside ${other}`, () => {
      assert.throws(
        () => rules(ofWeb(`egress: [{toFQDNs: [{matchName: example.com}], ${other}}]`)),
        /toFQDNs/,
      );
    });
  }
});

suite('(10) One element takes 40 ports and 40 ICMP fields', () => {
  const list = (count: number, item: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => item(index)).join(', ');
  const ports = (count: number): string =>
    ofWeb(
      `ingress: [{toPorts: [{ports: [${list(count, (index) => `{port: "${index + 1}", protocol: TCP}`)}]}]}]`,
    );
  const icmps = (count: number): string =>
    ofWeb(`ingress: [{icmps: [{fields: [${list(count, (index) => `{type: ${index}}`)}]}]}]`);
  test('forty are taken', () => {
    assertOutcomes(rules(ports(40)), { 'ingress foo TCP/40': 'allow', 'ingress foo TCP/41': 'default-deny' });
    assertOutcomes(rules(icmps(40)), {
      'ingress foo ICMP/39': 'allow',
      'ingress foo ICMP/40': 'default-deny',
    });
  });
  test('forty-one are refused', () => {
    assert.throws(() => rules(ports(41)), /40/);
    assert.throws(() => rules(icmps(41)), /40/);
  });
});

suite('(11) icmps and toPorts may not share an element', () => {
  test('they are refused', () => {
    assert.throws(
      () => rules(ofWeb('ingress: [{icmps: [{fields: [{type: 8}]}], toPorts: [{ports: [{port: "80"}]}]}]')),
      /icmps/,
    );
  });
});

suite('(12) Names are compared in lower case, in full, with their final dot', () => {
  for (const name of ['www.example.com', 'WWW.Example.COM', 'www.example.com.']) {
    test(`matchName ${name}`, () => {
      assertOutcomes(rules(ofWeb(`egress: [{toFQDNs: [{matchName: ${name}}]}]`)), {
        'egress example TCP/443': 'allow',
        'egress world TCP/443': 'default-deny',
        'egress ten TCP/443': 'default-deny',
      });
    });
  }
  test('matchPattern', () => {
    assertOutcomes(rules(ofWeb('egress: [{toFQDNs: [{matchPattern: "*.Example.com"}]}]')), {
      'egress anyExample TCP/443': 'allow',
    });
  });
});

suite('(13) Replies pass by the connection, not by the map', () => {
  test('what comes in by a rule makes no entry for its way out', () => {
    const text = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]', 'egress: [{}]');
    assert.deepEqual(mapOf(rules(text)).sort(), ['ingress away any allow', 'ingress foo any allow']);
  });
});

suite('(14) Host, health and init', () => {
  test('an endpoint in init is denied by default both ways, until a rule selects reserved:init', () => {
    assertOutcomes(
      { ...rules(ofWeb('ingress: [{}]')), subject: 'init' },
      {
        'ingress foo TCP/80': 'default-deny',
        'egress foo TCP/80': 'default-deny',
      },
    );
    const text = 'endpointSelector: {matchLabels: {"reserved:init": ""}}\negress: [{toEntities: [host]}]';
    assertOutcomes(
      { ...rules(text), subject: 'init' },
      {
        'egress host TCP/80': 'allow',
        'egress foo TCP/80': 'default-deny',
        'ingress foo TCP/80': 'default-deny',
      },
    );
  });
  test('rules for all endpoints do not speak of the host, rules for nodes speak of no endpoint', () => {
    const endpoints = rules('endpointSelector: {}\ningress: [{}]');
    assertOutcomes({ ...endpoints, subject: 'host' }, { 'ingress foo TCP/80': 'allow' });
    assertOutcomes({ ...endpoints, subject: 'health' }, { 'ingress foo TCP/80': 'default-deny' });
    const nodes = rules('nodeSelector: {}\ningress: [{}]');
    assertOutcomes({ ...nodes, subject: 'host' }, { 'ingress foo TCP/80': 'default-deny' });
    assertOutcomes(nodes, { 'ingress foo TCP/80': 'allow' });
  });
  test('the host of an endpoint gets in where the configuration says so, a deny aside', () => {
    const closed = ofWeb('ingress: [{}]');
    assertOutcomes(rules(closed), { 'ingress host TCP/80': 'default-deny' });
    assertOutcomes(
      { ...rules(closed), allowLocalhost: true },
      {
        'ingress host TCP/80': 'allow',
        'ingress node TCP/80': 'default-deny',
      },
    );
    const denied = rules(closed, ofWeb('ingressDeny: [{fromEntities: [host]}]'));
    assertOutcomes({ ...denied, allowLocalhost: true }, { 'ingress host TCP/80': 'deny' });
  });
  test('labels of nodes are not those of endpoints', () => {
    assertOutcomes(rules(ofWeb('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress node TCP/80': 'default-deny',
    });
    const reserved = ofWeb('ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]');
    assertOutcomes(rules(reserved), {
      'ingress host TCP/80': 'allow',
      'ingress node TCP/80': 'default-deny',
    });
  });
});
