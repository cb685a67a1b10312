/** Paths of requests, and where they lead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathTable } from './path-table.ts';
import { routes } from './routes.ts';

const table = new PathTable([
  { path: '/v1/bees', what: 'list' },
  { path: '/v1/bees/queen', what: 'queen' },
  { path: '/v1/bees/{name}', what: 'one' },
  { path: '/v1/bees', what: 'add' },
  { path: '/v1/bees/{name}/dance/{id}/', what: 'dance' },
]);

const found = (path: string) => {
  const { entries, parameters } = table.find(path) ?? {};
  return entries && [entries.map(({ what }) => what).join(), { ...parameters }];
};

test('what is declared under a path is found together', () => {
  assert.deepEqual(found('/v1/bees'), ['list,add', {}]);
  assert.deepEqual(found('/v1/bees/'), ['list,add', {}]);
});

test('parameters are decoded, and are one segment each', () => {
  assert.deepEqual(found('/v1/bees/maja'), ['one', { name: 'maja' }]);
  assert.deepEqual(found('/v1/bees/a%2Fb%20%F0%9F%90%9D'), ['one', { name: 'a/b 🐝' }]);
  assert.deepEqual(found('/v1/bees/%zz'), ['one', { name: '%zz' }]);
  assert.deepEqual(found('/v1/bees/maja/dance/7'), ['dance', { name: 'maja', id: '7' }]);
  assert.deepEqual(found('/v1/bees/maja/dance/7/'), ['dance', { name: 'maja', id: '7' }]);
});

test('what was declared first counts', () => {
  assert.deepEqual(found('/v1/bees/queen'), ['queen', {}]);
});

test('other paths lead nowhere', () => {
  for (const path of [
    '',
    '/',
    '/v1',
    '/v1/bee',
    '/v1/bees//',
    '/v1/bees/a/b',
    '/v1/beesx',
    '/x/v1/bees',
    '*',
  ]) {
    assert.equal(found(path), undefined, path);
  }
});

test('each path of the API is found under itself, and not under one before it', () => {
  const all = new PathTable(routes);
  for (const { path } of routes) {
    assert.deepEqual(
      all.find(path.replace(/\{\w+\}/g, 'x'))?.entries,
      routes.filter((route) => route.path === path),
      path,
    );
  }
});
