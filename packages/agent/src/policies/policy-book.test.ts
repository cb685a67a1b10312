/** The policies of a host by their documents: what takes the place of what, and what is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyRepository, parseLabel } from '@waggle/policy';
import { PolicyBook } from './policy-book.ts';

const resource = (name: string, app: string, namespace = 'shop') => `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  endpointSelector: { matchLabels: { app: ${app} } }
  ingress: [{}]
`;
const bare = (app: string, label?: string) =>
  JSON.stringify([
    {
      endpointSelector: { matchLabels: { app } },
      ingress: [{}],
      ...(label !== undefined && { labels: [{ key: label }] }),
    },
  ]);

function book() {
  const repository = new PolicyRepository();
  const book = new PolicyBook(repository);
  const names = () => repository.rules().map(({ origin, subject }) => [origin.name, values(subject)]);
  return { repository, book, names };
}

const values = ({ selector }: { selector: { requirements: readonly { values: readonly string[] }[] } }) =>
  selector.requirements.flatMap(({ values }) => values).find((value) => value !== 'shop');

test('a resource takes the place of the one with its name, and of no other', () => {
  const { book: policies, names } = book();
  assert.deepEqual(policies.apply(`${resource('a', 'one')}---${resource('b', 'two')}`), {
    added: 2,
    replaced: 0,
    unchanged: 0,
    deleted: 0,
  });
  assert.deepEqual(policies.apply(resource('a', 'three')), {
    added: 0,
    replaced: 1,
    unchanged: 0,
    deleted: 0,
  });
  assert.deepEqual(names().sort(), [
    ['a', 'three'],
    ['b', 'two'],
  ]);
  policies.apply(resource('a', 'four', 'other'));
  assert.equal(names().length, 3, 'another namespace, another resource');
});

test('the same text again changes nothing, and rules stay the very ones', () => {
  const { book: policies, repository } = book();
  const text = `${resource('a', 'one')}---${resource('b', 'two')}`;
  policies.apply(text, { file: 'x.yaml' });
  const before = repository.rules();
  assert.deepEqual(policies.apply(text, { file: 'x.yaml' }), {
    added: 0,
    replaced: 0,
    unchanged: 2,
    deleted: 0,
  });
  assert.ok(repository.rules().every((rule, index) => rule === before[index]));
  policies.apply(`# a line more\n${text}`, { file: 'x.yaml' });
  assert.deepEqual(
    repository.rules().map(({ origin }) => origin.line),
    before.map(({ origin }) => (origin.line ?? 0) + 1),
    'rules say where they stand now',
  );
});

test('bare rules are replaced by their labels; without labels they are added', () => {
  const { book: policies, names } = book();
  policies.apply(bare('one', 'mine'));
  policies.apply(bare('two', 'mine'));
  policies.apply(bare('three'));
  policies.apply(bare('three'));
  assert.deepEqual(
    names().map(([, app]) => app),
    ['two', 'three'],
  );
  assert.equal(policies.deleteLabelled([parseLabel('mine')]).deleted, 1);
  assert.equal(policies.deleteLabelled([]).deleted, 1);
  assert.deepEqual(names(), []);
});

test('replace puts a text in the place of all that came by the API', () => {
  const { book: policies, names } = book();
  policies.apply(`${resource('a', 'one')}---${resource('b', 'two')}`);
  policies.setDirectory(new Map([['/p/c.yaml', resource('c', 'three')]]));
  assert.deepEqual(policies.apply(resource('d', 'four'), { replace: true }), {
    added: 1,
    replaced: 0,
    unchanged: 0,
    deleted: 2,
  });
  assert.deepEqual(names().sort(), [
    ['c', 'three'],
    ['d', 'four'],
  ]);
});

test('a file of the directory wins over the API, and says so', () => {
  const { book: policies, names } = book();
  policies.apply(resource('a', 'one'));
  policies.setDirectory(new Map([['/p/a.yaml', resource('a', 'two')]]));
  assert.deepEqual(names(), [['a', 'two']]);
  assert.throws(() => policies.apply(resource('a', 'three')), /comes from the file \/p\/a.yaml/);
  assert.throws(() => policies.deleteNamed({ name: 'a' }), /comes from the file/);
  policies.setDirectory(new Map());
  assert.deepEqual(names(), []);
});

test('a text with a mistake changes nothing', () => {
  const { book: policies, names } = book();
  policies.apply(resource('a', 'one'));
  assert.throws(() => policies.apply(`${resource('a', 'two')}---\nkind: Pod\n`), { code: 'MALFORMED' });
  assert.deepEqual(names(), [['a', 'one']]);
});

test('what came by the API is saved word for word, and restored with its lines', () => {
  const { book: policies } = book();
  policies.apply(`${resource('a', 'one')}---${resource('b', 'two')}`, { file: 'x.yaml' });
  policies.apply(resource('a', 'three'), { file: 'y.yaml' });
  const saved = JSON.parse(JSON.stringify(policies.save()));
  const again = book();
  again.book.restore(saved);
  assert.deepEqual(again.names().sort(), [
    ['a', 'three'],
    ['b', 'two'],
  ]);
  const [b] = again.repository.rules().filter(({ origin }) => origin.name === 'b');
  assert.deepEqual([b?.origin.file, b?.origin.line], ['x.yaml', 13]);
  assert.deepEqual(
    again.book
      .list([], () => 7)
      .map(({ name, endpoints, rule }) => [name, endpoints, rule !== undefined])
      .sort(),
    [
      ['a', 7, true],
      ['b', 7, true],
    ],
  );
});

test('groups of CIDRs come and go with their documents', () => {
  const { book: policies, repository } = book();
  const group = (cidr: string) =>
    `apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: { name: offices }\nspec: { externalCIDRs: [${cidr}] }\n`;
  policies.apply(group('10.0.0.0/8'));
  assert.deepEqual(repository.cidrs(), ['10.0.0.0/8']);
  policies.apply(group('172.16.0.0/12'));
  assert.deepEqual(repository.cidrs(), ['172.16.0.0/12']);
  policies.deleteNamed({ kind: 'CiliumCIDRGroup', name: 'offices' });
  assert.deepEqual(repository.cidrs(), []);
});
