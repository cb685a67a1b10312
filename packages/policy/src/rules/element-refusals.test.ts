/** Elements that cannot be are refused, at their lines and paths, with what is allowed. */
import { suite } from 'node:test';
import { check } from './testing/refusals.ts';

/** A rule with one element. */
const element = (section: string, text: string): string =>
  `endpointSelector: {}\n${section}:\n  - ${text.replaceAll('\n', '\n    ')}\n`;
const ingress = (text: string): string => element('ingress', text);
const egress = (text: string): string => element('egress', text);
const ports = (text: string): string => ingress(`toPorts:\n  - ports:\n      - ${text}`);
const many = (count: number, item: string): string =>
  `[${Array.from({ length: count }, () => item).join(', ')}]`;

suite('peers', () => {
  check([
    [
      'two kinds of peers',
      ingress('fromEndpoints: [{}]\nfromCIDR: [10.0.0.0/8]'),
      '4 ingress[0].fromCIDR: …fromCIDR and fromEndpoints cannot be in one element',
    ],
    [
      'prefixes in two ways',
      egress('toCIDR: [10.0.0.0/8]\ntoCIDRSet: [{cidr: 10.0.0.0/8}]'),
      '4 egress[0].toCIDRSet: …toCIDRSet and toCIDR',
    ],
    [
      'names and others',
      egress('toFQDNs: [{matchName: a}]\ntoEntities: [world]'),
      '3 egress[0].toFQDNs: …toFQDNs and toEntities',
    ],
    [
      'services and others',
      egress('toServices: [{k8sService: {serviceName: a}}]\ntoEndpoints: [{}]'),
      '3 egress[0].toServices: …toServices and toEndpoints',
    ],
    [
      'peers of the other direction',
      ingress('toEndpoints: [{}]'),
      '3 ingress[0].toEndpoints: There is no field',
    ],
    [
      'names that are denied',
      element('egressDeny', 'toFQDNs: [{matchName: a}]'),
      '3 egressDeny[0].toFQDNs: …Names can be allowed, not denied',
    ],
    ['entities', ingress('fromEntities: [wurld]'), '3 ingress[0].fromEntities[0]: …Did you mean "world"?'],
    [
      'prefixes',
      egress(
        'toCIDR: [10.0.0.0/33, 10.0/8, 010.0.0.0/8, "::/129", 10.0.0.0/254.0.0.255, fe80::1%eth0/64, x, ""]',
      ),
      ...[0, 1, 2, 3, 4, 5, 6].map((i) => `3 egress[0].toCIDR[${i}]: …is no prefix`),
      '3 egress[0].toCIDR[7]: This must not be empty.',
    ],
    [
      'lone addresses in a set',
      egress('toCIDRSet: [{cidr: 10.0.0.1}]'),
      '3 egress[0].toCIDRSet[0].cidr: …Write 10.0.0.1/32.',
    ],
    [
      'exceptions elsewhere',
      egress('toCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16, "2001:db8::/32", 10.0.0.0/7, 10.1.1.1]}]'),
      ...[0, 1, 2].map((i) => `3 egress[0].toCIDRSet[0].except[${i}]: …does not lie within 10.0.0.0/8`),
      '3 egress[0].toCIDRSet[0].except[3]: …Write 10.1.1.1/32.',
    ],
    [
      'sets of nothing and of two',
      egress('toCIDRSet: [{except: []}, {cidr: 10.0.0.0/8, cidrGroupRef: a}]'),
      ...[0, 1].map((i) => `3 egress[0].toCIDRSet[${i}]: …and only one`),
    ],
    [
      'names',
      egress(
        'toFQDNs: [{matchName: "*.a"}, {matchName: a_ü}, {matchPattern: "a[b]"}, {}, {matchName: a, matchPattern: b}, {matchName: ""}]',
      ),
      '3 egress[0].toFQDNs[0].matchName: …there is matchPattern',
      '3 egress[0].toFQDNs[1].matchName: …no name of DNS',
      '3 egress[0].toFQDNs[2].matchPattern: …no name of DNS',
      '3 egress[0].toFQDNs[3]: One of matchName and matchPattern is needed.',
      '3 egress[0].toFQDNs[4]: Only one of matchName',
      '3 egress[0].toFQDNs[5].matchName: This must not be empty.',
    ],
    [
      'services of nothing',
      egress('toServices: [{}, {k8sService: {}}, {k8sServiceSelector: {}}]'),
      '3 egress[0].toServices[0]: One of',
      '3 egress[0].toServices[1].k8sService: The field "serviceName" is missing.',
      '3 egress[0].toServices[2].k8sServiceSelector: The field "selector" is missing.',
    ],
    [
      'clouds',
      egress('toGroups: [{gcp: {}}]'),
      '3 egress[0].toGroups[0]: The field "aws" is missing.',
      '3 egress[0].toGroups[0].gcp: There is no field',
    ],
    [
      'authentication',
      ingress('authentication: {mode: always}\nfromEndpoints: [{}]'),
      '3 ingress[0].authentication.mode: …Allowed: required, disabled, test-always-fail.',
    ],
    [
      'authentication of what is denied',
      element('ingressDeny', 'authentication: {mode: required}'),
      '3 ingressDeny[0].authentication: There is no field',
    ],
  ]);
});

suite('ports', () => {
  const place = '5 ingress[0].toPorts[0].ports[0]';
  check([
    [
      'too high',
      ports('port: "65536"'),
      `${place}.port: "65536" is no port. Allowed: a number from 0 to 65535`,
    ],
    ['no number and no name', ports('port: "80-90"'), `${place}.port: …is no port`],
    [
      'negative, broken, octal, too long',
      ports(
        'port: -1\n        protocol: TCP\n      - port: "1.5"\n      - port: "010"\n      - port: a-name-that-is-too-long\n      - port: a--b',
      ),
      `${place}.port: …`,
      ...[1, 2, 3, 4].map((i) => `${i + 6} ingress[0].toPorts[0].ports[${i}].port: …is no port`),
    ],
    ['of nothing', ports('{}'), `${place}: There is neither a port nor a protocol here.`],
    [
      'protocols',
      ports('{port: "80", protocol: TPC}'),
      `${place}.protocol: "TPC" is no protocol here. Allowed: TCP, UDP, SCTP, ANY, VRRP, IGMP.`,
    ],
    ['ICMP', ports('{port: "8", protocol: ICMP}'), `${place}.protocol: …icmps, beside toPorts`],
    [
      'of protocols that have none',
      ports('{port: "80", protocol: VRRP}'),
      `${place}.port: VRRP has no ports.`,
    ],
    [
      'ranges that end before they begin',
      ports('{port: "80", endPort: 79}'),
      `${place}.endPort: The range ends at 79`,
    ],
    [
      'ranges of names',
      ports('{port: http, endPort: 80}'),
      `${place}.endPort: A port with a name cannot have an endPort.`,
    ],
    [
      'ranges without an end',
      ports('{port: "80", endPort: 65536}'),
      `${place}.endPort: …a number from 0 to 65535`,
    ],
    [
      'more than forty',
      ingress(`toPorts: [{ports: ${many(41, '{port: "1"}')}}]`),
      '3 ingress[0].toPorts[0].ports: There are 41 ports here. At most 40',
    ],
    [
      'beside ICMP',
      ingress('toPorts: [{ports: [{port: "80"}]}]\nicmps: [{fields: [{type: 8}]}]'),
      '4 ingress[0].icmps: toPorts and icmps',
    ],
    [
      'ICMP',
      ingress(
        'icmps: [{fields: [{type: 256}, {type: Ecco}, {family: IPv5, type: 1}, {}, {family: IPv6, type: Redirect}]}]',
      ),
      '3 ingress[0].icmps[0].fields[0].type: …0 to 255',
      '3 ingress[0].icmps[0].fields[1].type: …EchoReply',
      '3 ingress[0].icmps[0].fields[2].family: …Allowed: IPv4, IPv6.',
      '3 ingress[0].icmps[0].fields[3]: The field "type" is missing.',
      '3 ingress[0].icmps[0].fields[4].type: …RedirectMessage',
    ],
    [
      'more than forty of ICMP',
      ingress(`icmps: [{fields: ${many(41, '{type: 8}')}}]`),
      '3 ingress[0].icmps[0].fields: There are 41 fields here. At most 40',
    ],
  ]);
});

suite('layer 7', () => {
  const l7 = (port: string, rest: string): string => `toPorts:\n  - ports: [{${port}}]\n    ${rest}`;
  const tcp = 'port: "80", protocol: TCP';
  const at = (direction: string): string => `${direction}[0].toPorts[0]`;
  check([
    [
      'of what is denied',
      element('ingressDeny', l7(tcp, 'rules: {http: []}')),
      `5 ${at('ingressDeny')}.rules: …A deny rule drops`,
    ],
    [
      'of UDP',
      ingress(l7('port: "80", protocol: UDP', 'rules: {http: [{}]}')),
      `4 ${at('ingress')}.ports[0]: Rules of http are for TCP only, not for UDP.`,
    ],
    [
      'of any protocol',
      ingress(l7('port: "80"', 'rules: {http: [{}]}')),
      `4 ${at('ingress')}.ports[0]: …not for ANY`,
    ],
    [
      'of all ports',
      ingress(l7('port: "0", protocol: TCP', 'rules: {http: [{}]}')),
      `4 ${at('ingress')}.ports[0]: …not all ports`,
    ],
    [
      'DNS inwards',
      ingress(l7('port: "53", protocol: UDP', 'rules: {dns: [{matchName: a}]}')),
      `5 ${at('ingress')}.rules: DNS rules are for egress only.`,
    ],
    [
      'DNS without ports',
      egress('toPorts: [{rules: {dns: [{matchName: a}]}}]'),
      `3 ${at('egress')}.rules: DNS rules need a port`,
    ],
    [
      'DNS on ranges',
      egress(l7('port: "53", endPort: 60', 'rules: {dns: [{matchName: a}]}')),
      `4 ${at('egress')}.ports[0]: DNS rules cannot have a range`,
    ],
    [
      'of two protocols',
      ingress(l7(tcp, 'rules: {http: [], kafka: []}')),
      `5 ${at('ingress')}.rules: http and kafka cannot be in one entry.`,
    ],
    [
      'of nodes',
      'nodeSelector: {}\ningress:\n  - toPorts:\n      - ports: [{port: "80", protocol: TCP}]\n        rules: {http: []}\n',
      '5 ingress[0].toPorts[0].rules: A policy for nodes cannot',
    ],
    [
      'generic without a protocol',
      egress(l7(tcp, 'rules: {l7: [{a: b}]}')),
      `5 ${at('egress')}.rules.l7: l7 needs l7proto`,
    ],
    [
      'generic with empty keys',
      egress(l7(tcp, 'rules: {l7proto: x, l7: [{"": b}]}')),
      `5 ${at('egress')}.rules.l7[0]: A key must not be empty.`,
    ],
    [
      'regular expressions',
      ingress(
        l7(
          tcp,
          'rules: {http: [{path: "*"}, {method: "("}, {host: "a(?=b)"}, {path: "(a)\\\\1"}, {path: "[[:no:]]"}, {path: "a{1001}"}, {path: "[b-a]"}, {path: "a**"}]}'.replace(
            '"(a)\\\\1"',
            "'(a)\\1'",
          ),
        ),
      ),
      ...['path', 'method', 'host', 'path', 'path', 'path', 'path', 'path'].map(
        (name, i) => `5 ${at('ingress')}.rules.http[${i}].${name}: …is no regular expression`,
      ),
    ],
    [
      'header matches',
      ingress(
        l7(
          tcp,
          'rules: {http: [{headerMatches: [{value: a}, {name: b, mismatch: DROP}, {name: c, secret: {}}]}]}',
        ),
      ),
      `5 ${at('ingress')}.rules.http[0].headerMatches[0]: The field "name"`,
      `5 ${at('ingress')}.rules.http[0].headerMatches[1].mismatch: …LOG, ADD, DELETE, REPLACE`,
      `5 ${at('ingress')}.rules.http[0].headerMatches[2].secret: The field "name"`,
    ],
    [
      'Kafka',
      ingress(
        l7(
          tcp,
          `rules: {kafka: [{role: produce, apiKey: fetch}, {role: x}, {apiKey: x}, {apiVersion: "-1"}, {topic: "a b"}, {topic: ${'x'.repeat(256)}}]}`,
        ),
      ),
      `5 ${at('ingress')}.rules.kafka[0].apiKey: role and apiKey`,
      `5 ${at('ingress')}.rules.kafka[1].role: …produce, consume`,
      `5 ${at('ingress')}.rules.kafka[2].apiKey: …fetch`,
      `5 ${at('ingress')}.rules.kafka[3].apiVersion: …is no version`,
      `5 ${at('ingress')}.rules.kafka[4].topic: …is no topic`,
      `5 ${at('ingress')}.rules.kafka[5].topic: …is no topic`,
    ],
    [
      'names of servers with rules',
      egress(l7(tcp, 'rules: {http: []}\n    serverNames: [a, ""]')),
      `6 ${at('egress')}.serverNames: serverNames with rules need terminatingTLS`,
      `6 ${at('egress')}.serverNames[1]: This must not be empty.`,
    ],
    [
      'TLS without a secret',
      egress(l7(tcp, 'terminatingTLS: {trustedCA: a}')),
      `5 ${at('egress')}.terminatingTLS: The field "secret" is missing.`,
    ],
    [
      'listeners inwards, with rules, of nobody',
      ingress(l7(tcp, 'rules: {http: []}\n    listener: {name: a, priority: 101}')),
      `6 ${at('ingress')}.listener: …`,
      `6 ${at('ingress')}.listener: …`,
      `6 ${at('ingress')}.listener: …`,
      `6 ${at('ingress')}.listener.priority: …a number from 1 to 100`,
    ],
  ]);
});

suite('NetworkPolicy', () => {
  const policy = (spec: string): string =>
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  ${spec}\n`;
  const from = (peer: string): string => policy(`podSelector: {}\n  ingress:\n    - from: [${peer}]`);
  const port = (text: string): string => policy(`podSelector: {}\n  ingress:\n    - ports: [${text}]`);
  check([
    ['without a podSelector', policy('ingress: []'), '5 spec: The field "podSelector" is missing.'],
    ['specs', `${policy('podSelector: {}')}specs: []\n`, '6 specs: …Did you mean "spec"?'],
    [
      'types',
      policy('podSelector: {}\n  policyTypes: [ingress]'),
      '6 spec.policyTypes[0]: …Allowed: Ingress, Egress. Did you mean "Ingress"?',
    ],
    ['nobody', from('{}'), '7 spec.ingress[0].from[0]: This peer is nobody.'],
    [
      'blocks beside selectors',
      from('{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}'),
      '7 spec.ingress[0].from[0].ipBlock: …cannot stand beside',
    ],
    [
      'blocks',
      from('{ipBlock: {except: [10.0.0.0/8]}}, {ipBlock: {cidr: 10.0.0.0}}'),
      '7 spec.ingress[0].from[0].ipBlock: The field "cidr" is missing.',
      '7 spec.ingress[0].from[1].ipBlock.cidr: …Write 10.0.0.0/32.',
    ],
    [
      'labels with a source',
      from('{podSelector: {matchLabels: {"k8s:app": web}}}'),
      '7 spec.ingress[0].from[0].podSelector.matchLabels["k8s:app"]: …no key of a label',
    ],
    [
      'ports',
      port(
        '{port: 65536}, {port: 80, endPort: 79}, {endPort: 80}, {port: http, endPort: 80}, {protocol: ANY}',
      ),
      '7 spec.ingress[0].ports[0].port: …is no port',
      '7 spec.ingress[0].ports[1].endPort: The range ends',
      '7 spec.ingress[0].ports[2].endPort: An endPort needs',
      '7 spec.ingress[0].ports[3].endPort: A port with a name',
      '7 spec.ingress[0].ports[4].protocol: …Allowed: TCP, UDP, SCTP.',
    ],
  ]);
});
