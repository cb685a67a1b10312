/** The fast reader of plain YAML and the complete one say the same, wherever the fast one says anything. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { readDocuments } from './documents.ts';
import { DEEPEST } from './node.ts';
import { Reading } from './reading.ts';
import { agree, assertAgreement, withLines } from './testing/agreement.ts';
import { readYaml } from './yaml.ts';

/** Words that say something else where they stand than by themselves, and others. */
const WORDS = [
  ...['app', 'k8s:app', 'a b', '', '80', '1.5', '0x1f', '1e3', 'true', 'null', '~', '- x', 'x: y', 'x #y'],
  ...[
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
    '+1',
    '08',
    '[x',
    '{}',
  ],
  ...['\u00a0', 'x\u00a0', 'x\u2028', '\u2028---\u2028x', '\u0085', '\ufeffx'],
];
const word = fc.oneof(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 }));
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    word,
    fc.constantFrom(null, true, 80, -1, 1.5),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
})).value;

const written = fc
  .record({
    data: value,
    indentSeq: fc.boolean(),
    indent: fc.integer({ min: 2, max: 4 }),
    collectionStyle: fc.constantFrom('any', 'flow'),
    flowCollectionPadding: fc.boolean(),
  })
  .map(({ data, ...options }) => stringify(data, { ...options, lineWidth: 0 }));

test('what the fast reader understands, it understands as the complete one does', () => {
  assertAgreement(written, { runs: 1000, understood: 0.1 });
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
    - { matchLabels: { app: web, "role": 'front end' } } # a third one
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
    - toCIDR: [10.0.0.0/8, "::/0",
        172.16.0.0/12 ]
      toEntities:
        [ world ]
    - toCIDR:
labels: []
`;

test('a usual policy is read by the fast reader', () => {
  assert.equal(agree(POLICY), true);
});

const PIECES = ['', ' ', '  ', '\n', ':', ': ', '- ', '-', '#', ' #', '"', "'", '{', '}', '[', ']', ',', '|'];
const piece = fc.constantFrom(...PIECES, '&a ', '*a', '? ', '80', 'x', '\u00a0');
const mutilated = fc
  .array(fc.tuple(fc.nat(POLICY.length), fc.nat(4), piece), { minLength: 1, maxLength: 3 })
  .map((edits) =>
    edits.reduce(
      (text, [at, removed, added]) => text.slice(0, at) + added + text.slice(at + removed),
      POLICY,
    ),
  );

test('however a policy is mutilated, the two do not disagree', () => {
  assertAgreement(mutilated, { runs: 300, understood: 0.1 });
});

test('what one reader refuses for its depth or the length of a key, the other does not take', () => {
  const nested = (depth: number) =>
    Array.from({ length: depth }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
  const inBrackets = (depth: number) => `a: ${'['.repeat(depth - 1)}x${']'.repeat(depth - 1)}`;
  for (const nest of [(depth: number) => `${nested(depth)} x`, inBrackets]) {
    assert.equal(agree(nest(DEEPEST)), true);
    assert.equal(agree(nest(DEEPEST + 1)), false);
  }
  for (const length of [1000, 1022, 1023, 1024, 1025, 2000]) {
    const key = 'k'.repeat(length);
    assert.equal(agree(`${key}: x`), length < 1024, `a key of ${length} characters`);
    agree(`"${key}": x`);
    agree(`a: { ${key}: x }`);
  }
});

test('a text of several documents is divided where the complete reader divides it', () => {
  const line = fc.constantFrom(
    ...[
      '---',
      '--- ',
      '--- # x',
      '---x',
      ' ---',
      '...',
      'a: [1,',
      '2]',
      'a: b',
      'b: "c',
      'd"',
      '# x',
      '',
      '- x',
    ],
    ...['\u2028---', 'e: "\u2028---\u2028"', '\ufeff', '%x', '--- # \u2028 x', 'f: |', '  ---'],
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = lines.join('\n');
      const whole = new Reading(text);
      const complete = readYaml(whole, text, 0);
      const divided = new Reading(text);
      const parts = [...readDocuments(divided)];
      assert.equal(divided.firstProblem === undefined, whole.firstProblem === undefined, text);
      if (whole.firstProblem !== undefined) return;
      assert.deepEqual(
        parts.map(({ node }) => withLines(divided, node)),
        complete.map((node) => withLines(whole, node)).filter((said) => said !== null),
        text,
      );
    }),
    { numRuns: 1000 },
  );
});
