/**
 * How rules for one peer and one port merge into map entries: eight rules of one subject, switched on in every combination. The
 * oracle says what happens to packets; this table says what has to stand in the map, so that tables stay as small as the
 * field's and mean the same to who reads them.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { allow, identity as anIdentity, deny, endpoints, http, on, range, rule } from '../testing/build.ts';
import { PolicyRepository } from './repository.ts';

const SUBJECT = 256;
const FOO = 257;

const foo = [endpoints('app=foo')];
const port80 = [on([range('TCP', 80)])];
const http80 = [on([range('TCP', 80)], http({ method: 'GET', path: '/' }))];

/** The rules, by the bit that switches each on. */
const ELEMENTS = {
  l3Allow: allow(foo),
  l4Allow: allow(undefined, port80),
  l3l4Allow: allow(foo, port80),
  l4l7Allow: allow(undefined, http80),
  l3l4l7Allow: allow(foo, http80),
  l3Deny: deny(foo),
  l4Deny: deny(undefined, port80),
  l3l4Deny: deny(foo, port80),
};
type Name = keyof typeof ELEMENTS;
const NAMES = Object.keys(ELEMENTS) as Name[];

type Action = 'deny' | 'redirect' | 'allow';
const RANK: Readonly<Record<Action, number>> = { deny: 3, redirect: 2, allow: 1 };

/** What has to stand in the map, by key; a key without an entry is absent. */
interface Expected {
  foo80?: Action;
  any80?: Action;
  fooAny?: Action;
}

function expected(on: ReadonlySet<Name>): Expected {
  const map: Expected = {};

  if (on.has('l4Deny')) map.any80 = 'deny';
  else if (on.has('l4l7Allow')) map.any80 = 'redirect';
  else if (on.has('l4Allow')) map.any80 = 'allow';

  if (on.has('l3Deny')) map.fooAny = 'deny';
  else if (on.has('l3Allow')) map.fooAny = 'allow';

  if (on.has('l3Deny')) {
    // The deny of all of foo covers what is narrower, but the kernel would find an allow for everybody on 80 before it.
    if (map.any80 === 'allow' || map.any80 === 'redirect') map.foo80 = 'deny';
    return map;
  }
  let own: Action | undefined;
  if (on.has('l3l4Deny')) own = 'deny';
  else if (on.has('l3l4l7Allow')) own = 'redirect';
  else if (on.has('l3l4Allow')) own = 'allow';
  // What says no more than the entry for everybody is left out.
  if (own !== undefined && (map.any80 === undefined || RANK[own] > RANK[map.any80])) map.foo80 = own;
  return map;
}

function actual(on: ReadonlySet<Name>): Expected {
  const repository = new PolicyRepository();
  repository.setIdentity(anIdentity(SUBJECT, 'app=server'));
  repository.setIdentity(anIdentity(FOO, 'app=foo'));
  repository.add(NAMES.map((name) => rule('app=server', { ingress: on.has(name) ? [ELEMENTS[name]] : [] })));
  const map: Expected = {};
  for (const { direction, identity, protocol, port, portPrefix, action } of repository.resolve(SUBJECT)
    .entries) {
    if (direction === 'egress') continue;
    const key = `${identity} ${protocol} ${port}/${portPrefix}`;
    if (key === `${FOO} 6 80/16`) map.foo80 = action;
    else if (key === '0 6 80/16') map.any80 = action;
    else if (key === `${FOO} 0 0/0`) map.fooAny = action;
    else assert.fail(`an entry that no rule asks for: ${key} ${action}`);
  }
  return map;
}

suite('Merging of rules for one peer and one port', () => {
  for (let row = 0; row < 1 << NAMES.length; row++) {
    const on = new Set(NAMES.filter((_, bit) => (row & (1 << bit)) !== 0));
    test(`row ${row}: ${[...on].join(', ') || 'nothing'}`, () => {
      assert.deepEqual(actual(on), expected(on));
    });
  }
});
