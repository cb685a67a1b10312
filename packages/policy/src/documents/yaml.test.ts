/** The fast reader of plain YAML and the complete one say the same, wherever the fast one says anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { Node } from './node.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { Reading } from './reading.ts';
import { readYaml } from './yaml.ts';

/** Values with the line of each; that of what is not written is anybody's guess. */
function withLines(reading: Reading, node: Node): unknown {
  const { line } = reading.place(node.offset, '');
  switch (node.kind) {
    case 'scalar':
      return node.value === null ? null : [node.value, line];
    case 'list':
      return [line, ...node.items.map((item) => withLines(reading, item))];
    case 'map':
      return {
        line,
        fields: [...node.fields].map(([name, field]) => [
          name,
          reading.place(field.offset, '').line,
          withLines(reading, field.node),
        ]),
      };
  }
}

/** Whether the fast reader understood the text. */
function compare(text: string): boolean {
  const plain = readPlainYaml(text, 0, text.length);
  if (plain === undefined) return false;
  const reading = new Reading(text);
  const [complete] = readYaml(reading, text, 0);
  reading.finish();
  assert.deepEqual(
    withLines(reading, plain),
    complete === undefined ? null : withLines(reading, complete),
    text,
  );
  return true;
}

const word = fc.oneof(
  fc.constantFrom(
    'app',
    'k8s:app',
    'a b',
    '',
    '80',
    '1.5',
    '0x1f',
    '1e3',
    'true',
    'null',
    '~',
    '- x',
    'x: y',
    'x #y',
  ),
  fc.constantFrom(
    '10.0.0.0/8',
    '::/0',
    '#x',
    '*',
    '&a',
    '"',
    "'",
    "it's",
    '-',
    '?',
    ':',
    '.inf',
    'x:',
    '---',
    '+1',
    '08',
  ),
  fc.string({ maxLength: 6 }),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    word,
    fc.constantFrom(null, true, 80, -1, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('what the fast reader understands, it understands as the complete one does', () => {
  let understood = 0;
  fc.assert(
    fc.property(value, fc.boolean(), fc.integer({ min: 2, max: 4 }), (data, indentSeq, indent) => {
      if (compare(stringify(data, { indentSeq, indent, lineWidth: 0 }))) understood++;
    }),
    { numRuns: 500 },
  );
  assert.ok(understood > 30, `only ${understood} were understood`);
});

const POLICY = `# A comment.
metadata:
  name: web   # another one
  annotations: {}
spec:
  "endpointSelector":
    matchLabels:
      k8s:io.kubernetes.pod.namespace: shop

  ingress:
  - fromEndpoints:
    -   matchLabels:
          'app': "client"
    - {}
    toPorts:
      - ports:
        - port: "80"
          protocol: TCP
        -
          port: 8080
  egress:
    - - nested
      - 10.0.0.0/8
    -
    - toCIDR:
labels: []
`;

test('a usual policy is read by the fast reader', () => {
  assert.equal(compare(POLICY), true);
});

test('however a policy is mutilated, the two do not disagree', () => {
  const pieces = fc.constantFrom(
    '',
    ' ',
    '  ',
    '\n',
    ':',
    ': ',
    '- ',
    '-',
    '#',
    ' #',
    '"',
    "'",
    '{',
    '}',
    '[',
    ',',
    '|',
    '&a ',
    '*a',
    '? ',
    '80',
    'x',
  );
  let understood = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(POLICY.length), fc.nat(4), pieces), { minLength: 1, maxLength: 3 }),
      (edits) => {
        let text = POLICY;
        for (const [at, removed, added] of edits) text = text.slice(0, at) + added + text.slice(at + removed);
        if (isYaml(text) && compare(text)) understood++;
        else if (!isYaml(text)) assert.equal(readPlainYaml(text, 0, text.length), undefined, text);
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(understood > 30, `only ${understood} were understood`);
});

function isYaml(text: string): boolean {
  const reading = new Reading(text);
  readYaml(reading, text, 0);
  return reading.firstProblem === undefined;
}
