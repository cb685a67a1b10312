/**
 * Identities whose numbers everybody knows without asking: the reserved ones, by a label of their own, and those of the few
 * workloads that have to run before numbers can be allocated (the cluster's DNS, its store, its operator), by all of their labels.
 */
import {
  CLUSTER_KEY,
  KUBERNETES_SOURCE,
  type Label,
  NAMESPACE_KEY,
  NAMESPACE_LABELS_PREFIX,
  RESERVED_SOURCE,
  SERVICE_ACCOUNT_KEY,
  sortLabels,
} from '../labels/label.ts';
import { type Identity, RESERVED_IDENTITIES } from './identity.ts';

/** What the labels of well-known workloads depend on. */
export interface ClusterNames {
  /** Default: `default`. */
  readonly clusterName?: string;
  /** The namespace in which the operator and the store run. Default: `kube-system`. */
  readonly namespace?: string;
}

/** The reserved identities. */
export const reservedIdentities = (): Identity[] =>
  Object.entries(RESERVED_IDENTITIES).map(([key, id]) => ({
    id,
    labels: [{ source: RESERVED_SOURCE, key, value: '' }],
  }));

/**
 * The number of labels among which is a reserved one; undefined where they are an endpoint's like others. A node keeps its
 * number whatever labels it has beside; `init`, `health`, … stand alone.
 */
export function reservedNumber(labels: readonly Label[]): number | undefined {
  const keys = labels.filter(({ source }) => source === RESERVED_SOURCE).map(({ key }) => key);
  if (keys.includes('host')) return RESERVED_IDENTITIES.host;
  if (keys.includes('remote-node')) {
    return RESERVED_IDENTITIES[keys.includes('kube-apiserver') ? 'kube-apiserver' : 'remote-node'];
  }
  const [key] = keys;
  if (labels.length !== 1 || key === undefined) return undefined;
  return Object.entries(RESERVED_IDENTITIES).find(([name]) => name === key)?.[1];
}

const FIRST_WELL_KNOWN = 100;

/** Namespace, service account and own labels of the well-known workloads, in the order of their numbers. */
const workloads = (
  namespace: string,
): readonly (readonly [string, string, Readonly<Record<string, string>>])[] => [
  [namespace, 'cilium-etcd-sa', { 'io.cilium/app': 'etcd-operator' }],
  [namespace, 'default', { app: 'etcd', etcd_cluster: 'cilium-etcd', 'io.cilium/app': 'etcd-operator' }],
  ['kube-system', 'kube-dns', { 'k8s-app': 'kube-dns' }],
  ['kube-system', 'kube-dns', { 'k8s-app': 'kube-dns', 'eks.amazonaws.com/component': 'kube-dns' }],
  ['kube-system', 'coredns', { 'k8s-app': 'kube-dns' }],
  [namespace, 'cilium-operator', operatorLabels('cilium-operator', 'operator')],
  ['kube-system', 'coredns', { 'k8s-app': 'kube-dns', 'eks.amazonaws.com/component': 'coredns' }],
  [namespace, 'cilium-etcd-operator', operatorLabels('cilium-etcd-operator', 'etcd-operator')],
];

const operatorLabels = (name: string, app: string): Record<string, string> => ({
  name,
  'io.cilium/app': app,
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/part-of': 'cilium',
});

/** The well-known identities: 100 to 107, and 108 to 115 for the same with their namespace's name among the namespace's labels. */
export function wellKnownIdentities({
  clusterName = 'default',
  namespace = 'kube-system',
}: ClusterNames = {}): Identity[] {
  const plain = workloads(namespace).map(([ns, account, own]) => ({
    ...own,
    [NAMESPACE_KEY]: ns,
    [SERVICE_ACCOUNT_KEY]: account,
    [CLUSTER_KEY]: clusterName,
  }));
  const named = plain.map((labels) => ({
    ...labels,
    [`${NAMESPACE_LABELS_PREFIX}kubernetes.io/metadata.name`]: labels[NAMESPACE_KEY] ?? '',
  }));
  return [...plain, ...named].map((labels, index) => ({
    id: FIRST_WELL_KNOWN + index,
    labels: sortLabels(
      Object.entries(labels).map(([key, value]) => ({ source: KUBERNETES_SOURCE, key, value })),
    ),
  }));
}
