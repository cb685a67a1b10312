/** What the kinds of documents add to their rules: whose namespaces they speak of, and what their defaults are. */
import { suite, test } from 'node:test';
import { parsePolicies } from '../rules/parse.ts';
import { assertOutcomes } from '../testing/scenario.ts';

const cilium = (...lines: string[]): string =>
  [
    'apiVersion: cilium.io/v2',
    'kind: CiliumNetworkPolicy',
    'metadata: {name: p, namespace: default}',
    'spec:',
    '  endpointSelector: {matchLabels: {app: web}}',
    ...lines.map((line) => `  ${line}`),
  ].join('\n');

const clusterwide = (...lines: string[]): string =>
  [
    'apiVersion: cilium.io/v2',
    'kind: CiliumClusterwideNetworkPolicy',
    'metadata: {name: p}',
    'spec:',
    ...lines.map((line) => `  ${line}`),
  ].join('\n');

const kubernetes = (...lines: string[]): string =>
  [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    'metadata: {name: p, namespace: default}',
    'spec:',
    '  podSelector: {matchLabels: {app: web}}',
    ...lines.map((line) => `  ${line}`),
  ].join('\n');

suite('CiliumNetworkPolicy', () => {
  test('peers are those of its own namespace', () => {
    assertOutcomes(parsePolicies(cilium('ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress away TCP/80': 'default-deny',
    });
  });

  test('unless they name a namespace', () => {
    const other = 'ingress: [{fromEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": other}}]}]';
    assertOutcomes(parsePolicies(cilium(other)), {
      'ingress away TCP/80': 'allow',
      'ingress foo TCP/80': 'default-deny',
    });
  });

  test('an empty selector of peers is its namespace, not everybody', () => {
    assertOutcomes(parsePolicies(cilium('ingress: [{fromEndpoints: [{}]}]')), {
      'ingress foo TCP/80': 'allow',
      'ingress away TCP/80': 'default-deny',
      'ingress world TCP/80': 'default-deny',
    });
  });

  test('of another namespace it does not speak', () => {
    const text = cilium('ingress: [{}]').replace('namespace: default', 'namespace: other');
    assertOutcomes(parsePolicies(text), { 'ingress foo TCP/80': 'allow' });
  });
});

suite('CiliumClusterwideNetworkPolicy', () => {
  test('peers are those of all namespaces', () => {
    const text = clusterwide(
      'endpointSelector: {matchLabels: {app: web}}',
      'ingress: [{fromEndpoints: [{matchLabels: {app: foo}}]}]',
    );
    assertOutcomes(parsePolicies(text), { 'ingress foo TCP/80': 'allow', 'ingress away TCP/80': 'allow' });
  });

  test('nodes are subjects by nodeSelector', () => {
    const text = clusterwide('nodeSelector: {}', 'ingressDeny: [{fromEntities: [world]}]');
    assertOutcomes({ ...parsePolicies(text), subject: 'host' }, { 'ingress ten TCP/80': 'deny' });
    assertOutcomes(parsePolicies(text), { 'ingress ten TCP/80': 'allow' });
  });
});

suite('NetworkPolicy of Kubernetes', () => {
  test('an empty element allows everybody, no element nobody', () => {
    assertOutcomes(parsePolicies(kubernetes('ingress: [{}]')), {
      'ingress world TCP/80': 'allow',
      'egress foo TCP/80': 'allow',
    });
    assertOutcomes(parsePolicies(kubernetes('policyTypes: [Ingress]')), {
      'ingress foo TCP/80': 'default-deny',
      'egress foo TCP/80': 'allow',
    });
    assertOutcomes(parsePolicies(kubernetes('policyTypes: [Egress]')), {
      'ingress foo TCP/80': 'allow',
      'egress foo TCP/80': 'default-deny',
    });
  });

  test('pods are those of its namespace, ipBlocks are outside', () => {
    const text = kubernetes(
      'ingress:',
      '- from: [{podSelector: {matchLabels: {app: foo}}}, {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]',
      '  ports: [{port: 80, endPort: 90}]',
    );
    assertOutcomes(parsePolicies(text), {
      'ingress foo TCP/85': 'allow',
      'ingress foo UDP/85': 'default-deny',
      'ingress foo TCP/91': 'default-deny',
      'ingress away TCP/85': 'default-deny',
      'ingress ten TCP/85': 'allow',
      'ingress tenOne TCP/85': 'default-deny',
    });
  });

  test('ports by name are those of the pod', () => {
    assertOutcomes(parsePolicies(kubernetes('ingress: [{ports: [{port: http}]}]')), {
      'ingress foo TCP/8080': 'allow',
      'ingress foo TCP/80': 'default-deny',
    });
  });

  test('a namespaceSelector opens to pods of other namespaces by the labels of these', () => {
    const text = kubernetes(
      'ingress: [{from: [{namespaceSelector: {matchLabels: {"kubernetes.io/metadata.name": other}}}]}]',
    );
    assertOutcomes(parsePolicies(text), { 'ingress foo TCP/80': 'default-deny' });
    const all = kubernetes('ingress: [{from: [{namespaceSelector: {}}]}]');
    assertOutcomes(parsePolicies(all), {
      'ingress foo TCP/80': 'allow',
      'ingress away TCP/80': 'allow',
      'ingress world TCP/80': 'default-deny',
    });
  });
});
