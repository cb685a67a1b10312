/** Documents and rules that are none are refused, at their lines and paths, with what is allowed. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePolicies } from './parse.ts';
import { check, refusal } from './testing/refusals.ts';

suite('documents', () => {
  const head = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n';
  const spec = 'spec: {endpointSelector: {}, ingress: [{}]}\n';
  check([
    [
      'another kind',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n',
      '1 : A Pod is no policy. Allowed: CiliumNetworkPolicy',
    ],
    ['no kind', `apiVersion: cilium.io/v2\nmetadata: {name: a}\n${spec}`, '1 : The field "kind" is missing.'],
    [
      'another version',
      `apiVersion: cilium.io/v1\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n${spec}`,
      '1 apiVersion: …cilium.io/v2',
    ],
    [
      'no version',
      `kind: CiliumNetworkPolicy\nmetadata: {name: a}\n${spec}`,
      '1 : The field "apiVersion" is missing.',
    ],
    ['no name', `${head}metadata: {}\n${spec}`, '3 metadata: The field "name" is missing.'],
    ['no metadata', `${head}${spec}`, '1 : The field "metadata" is missing.'],
    ['no spec', `${head}metadata: {name: a}\n`, '1 : The field "spec" is missing.'],
    [
      'fields elsewhere',
      `${head}metadata: {name: a, annotation: {}}\nspek: {}\n${spec}`,
      '3 metadata.annotation: …Did you mean "annotations"?',
      '4 spek: …Did you mean "spec"?',
    ],
    [
      'audit that is no truth value',
      `${head}metadata:\n  name: a\n  annotations:\n    policy.waggle.io/audit: "yes"\n${spec}`,
      '6 metadata.annotations["policy.waggle.io/audit"]: …Allowed: true, false.',
    ],
    [
      'audit in a spec',
      `${head}metadata: {name: a}\nspec:\n  audit: true\n  endpointSelector: {}\n  ingress: [{}]\n`,
      '5 spec.audit: …policy.waggle.io/audit: "true"',
    ],
    [
      'nodes in a namespace',
      `${head}metadata: {name: a}\nspec:\n  nodeSelector: {}\n  ingress: [{}]\n`,
      '5 spec.nodeSelector: …CiliumClusterwideNetworkPolicy can',
    ],
    [
      'a list of others',
      'apiVersion: v1\nkind: List\nitems:\n  - {kind: Pod}\n',
      '4 items[0]: A Pod is no policy.',
    ],
    ['a list without items', 'apiVersion: v1\nkind: List\n', '1 : The field "items" is missing.'],
    [
      'groups of what is no prefix',
      'apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: a}\nspec:\n  externalCIDRs:\n    - 10.0.0.0/33\n',
      '6 spec.externalCIDRs[0]: …is no prefix',
    ],
    [
      'a text',
      'just a text',
      '1 : This has to be a map of fields, but it is the text "just a text". Known fields: endpointSelector',
    ],
    [
      'the second of two documents',
      `${head}metadata: {name: a}\n${spec}---\nendpointSelector: {}\n`,
      '6 : This rule says nothing.',
    ],
  ]);
});

suite('rules', () => {
  check([
    ['without a subject', 'ingress: [{}]\n', '1 : It is not said whom this rule is about.'],
    [
      'with two subjects',
      'endpointSelector: {}\nnodeSelector: {}\ningress: [{}]\n',
      '2 nodeSelector: …not both',
    ],
    ['that say nothing', 'endpointSelector: {}\n', '1 : This rule says nothing. At least one of ingress'],
    [
      'with unknown fields',
      'endpointSelektor: {}\nendpointSelector: {}\ningress: [{}]\nzzz: 1\n',
      '1 endpointSelektor: …Did you mean "endpointSelector"?',
      '4 zzz: …Known fields: endpointSelector, ',
    ],
    [
      'with fields of another type',
      'endpointSelector: []\ningress: {}\ndescription: 1\nlabels: a\naudit: "true"\nenableDefaultDeny: {ingress: 1}\n',
      '1 endpointSelector: …a map of fields, but it is a list',
      '2 ingress: …a list, but it is a map',
      '3 description: …Write it in quotes.',
      '4 labels: …a list',
      '5 audit: …true or false',
      '6 enableDefaultDeny.ingress: …true or false',
    ],
    ['with empty items', 'endpointSelector: {}\ningress:\n  -\n', '3 ingress[0]: …but it is empty'],
    [
      'with bad labels',
      'endpointSelector: {}\ningress: [{}]\nlabels: ["=x", "k8s:", {value: a}]\n',
      '3 labels[0]: …has no key',
      '3 labels[1]: …has no key',
      '3 labels[2]: The field "key" is missing.',
    ],
  ]);
});

suite('selectors', () => {
  const selector = (text: string): string => `endpointSelector:\n  ${text}\ningress: [{}]\n`;
  const expression = (text: string): string => selector(`matchExpressions: [{${text}}]`);
  check([
    [
      'keys',
      selector('matchLabels: {"a b": x, "-a": x, "A/b": x, "k8s:": x, ok: x}'),
      '2 endpointSelector.matchLabels["a b"]: …no key of a label',
      '2 endpointSelector.matchLabels.-a: …no key',
      '2 endpointSelector.matchLabels["A/b"]: …no key',
      '2 endpointSelector.matchLabels["k8s:"]: …no key',
    ],
    [
      'values',
      selector(`matchLabels: {a: "x y", b: -x, c: ${'x'.repeat(64)}, d: 1, e: true}`),
      ...'abc'.split('').map((key) => `2 endpointSelector.matchLabels.${key}: …no value of a label`),
      '2 endpointSelector.matchLabels.d: …Write it in quotes.',
      '2 endpointSelector.matchLabels.e: …Write it in quotes.',
    ],
    [
      'operators',
      expression('key: a, operator: Is, values: [b]'),
      '2 endpointSelector.matchExpressions[0].operator: …Allowed: In, NotIn, Exists, DoesNotExist.',
    ],
    [
      'no values',
      expression('key: a, operator: In'),
      '2 endpointSelector.matchExpressions[0]: …needs at least one',
    ],
    [
      'needless values',
      expression('key: a, operator: Exists, values: [b]'),
      '2 endpointSelector.matchExpressions[0].values: …takes no values',
    ],
    [
      'no key',
      expression('operator: Exists'),
      '2 endpointSelector.matchExpressions[0]: The field "key" is missing.',
    ],
  ]);
});

suite('texts', () => {
  const bomb = `a: &a [${'x, '.repeat(9)}x]\n${'bcdefgh'
    .split('')
    .map((key, i) => `${key}: &${key} [${`*${'abcdefgh'[i]}, `.repeat(9)}x]`)
    .join('\n')}\n`;
  check([
    [
      'that are no JSON',
      '[{"endpointSelector": {}, "ingress": [{}]},\n  {"endpointSelector": {} "ingress": []}]',
      '2 : This is no JSON: "," is expected here.',
    ],
    ['that are no YAML', 'endpointSelector: {}\ningress: [\n', '3 : This is no YAML'],
    ['with tabs', 'endpointSelector: {}\ningress:\n\t- {}\n', '3 : This is no YAML'],
    [
      'with equal keys in YAML',
      'endpointSelector: {}\ningress: []\ningress: [{}]\n',
      '3 : The key "ingress" stands here twice.',
    ],
    [
      'with equal keys in JSON',
      '{"endpointSelector": {},\n"ingress": [],\n"ingress": [{}]}',
      '3 : The key "ingress" stands here twice.',
    ],
    [
      'with aliases of nothing',
      'endpointSelector: *a\ningress: [{}]\n',
      '1 : The alias *a stands for nothing.',
    ],
    [
      'with aliases of themselves',
      'endpointSelector: &a {matchLabels: *a}\ningress: [{}]\n',
      '1 : The alias *a stands for nothing.',
    ],
    [
      'with too many aliases',
      `${bomb}endpointSelector: {}\n`,
      '6 : The aliases of this document stand for more than 100000 nodes.',
    ],
    [
      'that lie too deep',
      `endpointSelector: ${'['.repeat(200)}${']'.repeat(200)}\ningress: [{}]\n`,
      '1 : Lists and maps lie too deep',
    ],
    [
      'that lie too deep, in JSON',
      `${'['.repeat(200)}${']'.repeat(200)}`,
      '1 : This is no JSON: lists and objects lie more than 100 deep',
    ],
  ]);
});

test('the message is one line for each problem, each with its place; of very many, the first', () => {
  const two = refusal(
    'endpointSelector: {}\ningress:\n  - toPorts:\n      - ports:\n          - port: "80"\n            protocol: TPC\n          - port: x y\n',
  );
  assert.equal(
    two.message,
    'x.yaml:6: ingress[0].toPorts[0].ports[0].protocol: "TPC" is no protocol here. Allowed: TCP, UDP, SCTP, ANY, VRRP, IGMP.\n' +
      'x.yaml:7: ingress[0].toPorts[0].ports[1].port: "x y" is no port. Allowed: a number from 0 to 65535 ("0": all ports), or a name of at most 15 letters, digits and "-" with at least one letter.',
  );
  assert.equal(two.code, 'MALFORMED');
  const many = refusal(`endpointSelector: {}\ningress: [${'1, '.repeat(99)}1]\n`);
  assert.equal(many.problems.length, 100);
  assert.match(many.message, /\nand 50 more problems$/);
  assert.throws(() => parsePolicies('ingress: [{}]'), /^PolicyFileError: line 1: It is not said/);
});
