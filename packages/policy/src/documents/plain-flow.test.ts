/** Lists and maps in brackets: the fast reader of YAML reads what is usual of them, and never as the complete one does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPlainYaml } from './plain-yaml.ts';
import { agree, assertAgreement } from './testing/agreement.ts';

const USUAL = [
  'a: [10.0.0.0/24]',
  'a: [ 10.0.0.0/24 , ::/0 ]  # both',
  '- { matchLabels: { app: web } }',
  '- a: {k8s:app: web, "tier": \'front\'}',
  '- [[], {}, [{}], [ ], { }]',
  'a: [x, ]',
  'a: {x: y, }',
  'a: {"x":"y","z":[1,true,null]}',
  "a: [a b, a#b, -x, ?x, :x, a:b, it's, \"[,]\", '{']",
  'a: [\n  x,\n  y\n  ]\nb: z',
  'a:\n  [x,\n\n   y]\nb: z',
  '- a: [\n    x]\n- y',
  '# first\n[x]',
];

const UNUSUAL = [
  'a: [x: y]',
  'a: {x}',
  'a: {x: , y: z}',
  'a: {x:}',
  'a: {x: 1, x: 2}',
  'a: {"x" : y}',
  'a: {? x: y}',
  'a: {80: x}',
  'a: [&x y, *x]',
  'a: [!!str 80]',
  'a: [1.5]',
  'a: ["\\t"]',
  "a: ['it''s']",
  'a: [x # comment\n  ]',
  'a: [x\n  y]',
  'a: ["x\n  y"]',
  'a: [x\n]',
  'a: [x]\n  y',
  'a: [x] y',
  'a: [x]#y',
  'a: [x}',
  'a: [x',
  'a: [x]]',
  'a: [,]',
  'a: [x,,y]',
  'a: ["x" "y"]',
  'a: [-]',
  'a: [- x]',
  'a: [@x]',
  '[x]: y',
];

test('what is usual between brackets is read by the fast reader', () => {
  for (const text of USUAL) assert.equal(agree(text), true, text);
});

test('what is unusual between brackets is left to the complete reader', () => {
  for (const text of UNUSUAL) assert.equal(readPlainYaml(text, 0, text.length), undefined, text);
});

/** Brackets as an author may write them: always more deeply indented than what is around them. */
const blank = fc.constantFrom('', ' ', '  ', '\n        ', ' \n\n         ');
const oneOrMoreBlanks = fc.constantFrom(' ', '  ', '\n        ');
const scalar = fc.constantFrom(
  ...[
    'app',
    'k8s:app',
    'a b',
    '10.0.0.0/24',
    '::/0',
    'fe80::1/64',
    '80',
    '0',
    'true',
    'null',
    '~',
    'a#b',
    '-x',
    "it's",
  ],
  ...[
    '"80"',
    "'x, y'",
    '"[z]"',
    '""',
    '"a: b"',
    "'#'",
    '"#x"',
    '10.0.0.1',
    '/api/v1',
    'Ünï',
    'x\u00a0',
    ':x',
    '?x',
  ],
);
const plainKey = fc.constantFrom('a', 'app', 'k8s:app', 'example.com/app', 'k8s:io.kubernetes.pod.namespace');
const quotedKey = fc.constantFrom('"x"', "'k8s:role'", '""', '"80"', '"a, b"', "'{'");
const key = fc.oneof(
  fc.tuple(plainKey, oneOrMoreBlanks).map(([name, after]) => ({ name, text: `${name}:${after}` })),
  fc.tuple(quotedKey, blank).map(([name, after]) => ({ name, text: `${name}:${after}` })),
);

function inBrackets(
  open: string,
  close: string,
  items: fc.Arbitrary<readonly string[]>,
): fc.Arbitrary<string> {
  return fc.tuple(items, blank, blank, blank, fc.boolean()).map(([texts, first, before, after, trailing]) => {
    const comma = trailing && texts.length > 0 ? `${before},` : '';
    return open + first + texts.join(`${before},${after}`) + comma + after + close;
  });
}

const { flow } = fc.letrec<{ flow: string; list: string; map: string }>((tie) => ({
  flow: fc.oneof({ maxDepth: 4, depthSize: 'medium' }, scalar, tie('list'), tie('map')),
  list: inBrackets('[', ']', fc.array(tie('flow'), { maxLength: 4 })),
  map: inBrackets(
    '{',
    '}',
    fc
      .uniqueArray(fc.tuple(key, tie('flow')), { maxLength: 4, selector: ([{ name }]) => name })
      .map((fields) => fields.map(([{ text }, inside]) => text + inside)),
  ),
}));

const AROUND: readonly ((text: string, index: number) => string)[] = [
  (text, index) => `k${index}: ${text} # comment\n`,
  (text, index) => `k${index}:\n  ${text}\n`,
  (text, index) => `k${index}:\n- ${text}\n- x\n`,
  (text, index) => `k${index}:\n  -\n    ${text}\n`,
  (text, index) => `k${index}:\n  - - a: ${text}\n      b: x\n`,
];
const block = fc
  .array(fc.tuple(fc.constantFrom(...AROUND), flow), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map(([write, text], index) => write(text, index)).join(''));

test('brackets of usual words, written in any usual way, are read by the fast reader', () => {
  fc.assert(
    fc.property(block, (text) => assert.equal(agree(text), true, text)),
    { numRuns: 500 },
  );
});

/** A few tokens between brackets, most of which mean nothing. */
const token = fc.constantFrom(
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ', ',
    ': ',
    ':',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n    ',
    '#',
    ' #',
    '- ',
    '-',
    '? ',
    '?',
  ],
  ...[
    'a',
    'b',
    'a: ',
    '"c"',
    "'d'",
    '"',
    "'",
    '80',
    '::/0',
    'null',
    '!x ',
    '&x ',
    '*x',
    '|',
    '%',
    '\\',
    '\u00a0',
  ],
);
const soup = fc
  .tuple(
    fc.constantFrom('', '- ', 'k: ', 'k:\n  ', '- k: ', '- - ', '"k": '),
    fc.constantFrom(['[', ']'], ['{', '}'], ['[a, ', ']'], ['{a: ', '}'], ['{a: b, ', '}']),
    fc.array(token, { maxLength: 6 }),
    fc.constantFrom('', '\n', ' # x', '\nz: y', '\n- y', '\n  y', ': y'),
  )
  .map(([before, [open, close], tokens, after]) => before + open + tokens.join('') + close + after);

test('whatever stands between brackets, the two readers do not disagree', () => {
  assertAgreement(soup, { runs: 3000, understood: 0.02 });
});

const mutilated = fc
  .tuple(
    block,
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), token), {
      minLength: 1,
      maxLength: 2,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((changed, [where, removed, added]) => {
      const at = Math.floor(where * changed.length);
      return changed.slice(0, at) + added + changed.slice(at + removed);
    }, text),
  );

test('however brackets are mutilated, the two readers do not disagree', () => {
  assertAgreement(mutilated, { runs: 1000, understood: 0.05 });
});
