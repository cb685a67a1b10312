/**
 * The identities that generated worlds are made of. They are fixed, since the number of an identity belongs to its labels: two
 * worlds never mean different things by one number.
 */
import type { Identity, NamedPort } from '../identity/identity.ts';
import { parseLabel } from '../labels/label.ts';
import type { Protocol } from '../rules/rule.ts';

export const CLUSTER_NAME = 'home';

const identity = (id: number, labels: string, namedPorts: readonly NamedPort[] = []): Identity => ({
  id,
  labels: labels.split(' ').map((label) => parseLabel(label, 'k8s')),
  namedPorts,
});

const port = (name: string, protocol: Protocol, number: number): NamedPort => ({
  name,
  protocol,
  port: number,
});

/** Identities that may be the subject of rules on this host. */
export const SUBJECTS: readonly Identity[] = [
  identity(256, 'app=a', [port('web', 'TCP', 80)]),
  identity(257, 'app=b tier=x', [port('web', 'TCP', 8080), port('dns', 'UDP', 53)]),
  identity(258, 'app=a tier=x container:app=b'),
  identity(1, 'reserved:host app=a', [port('web', 'TCP', 81)]),
  identity(5, 'reserved:init'),
];

/** Identities that are only ever peers. */
export const OTHERS: readonly Identity[] = [
  identity(259, 'app=b tier=y', [port('web', 'TCP', 80), port('web', 'UDP', 81)]),
  identity(260, `app=a io.cilium.k8s.policy.cluster=${CLUSTER_NAME}`),
  identity(261, 'app=a io.cilium.k8s.policy.cluster=away'),
  identity(2, 'reserved:world'),
  identity(3, 'reserved:unmanaged'),
  identity(4, 'reserved:health'),
  identity(6, 'reserved:remote-node app=b', [port('web', 'TCP', 80)]),
  identity(7, 'reserved:kube-apiserver reserved:remote-node'),
  identity(8, 'reserved:ingress'),
  identity(9, 'reserved:world-ipv4'),
  identity(10, 'reserved:world-ipv6'),
  identity(16777217, 'cidr:10.0.0.0/8'),
  identity(16777218, 'cidr:10.1.0.0/16'),
  identity(16777219, 'cidr:10.1.2.3/32'),
  identity(16777220, 'cidr:0.0.0.0/0'),
  identity(16777221, 'cidr:fd00::/16'),
  identity(16777222, 'cidr:fd00:1::/32'),
  identity(16777223, 'fqdn:a.example.'),
  identity(16777224, 'fqdn:*.example.'),
];

/** All identities that worlds are made of. */
export const IDENTITIES: readonly Identity[] = [...SUBJECTS, ...OTHERS];

/** Of these identities, those that rules may select. */
export const subjectsOf = (all: readonly Identity[]): Identity[] =>
  all.filter(({ id }) => SUBJECTS.some((subject) => subject.id === id));
