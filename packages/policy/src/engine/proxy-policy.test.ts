import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Rule } from '../rules/rule.ts';
import { allow, http, identity, on, range, rule } from '../testing/build.ts';
import { PolicyRepository } from './repository.ts';

const WEB = 256;
const GET = http({ method: 'GET' });

/** What proxies check on the way in, one text for each block of ports: `80/15: GET, all`. */
function proxiesOf(...rules: readonly Rule[]): string[] {
  const repository = new PolicyRepository();
  repository.setIdentity(identity(WEB, 'app=web'));
  repository.add(rules);
  return repository.resolve(WEB).proxies.map(({ port, portPrefix, rules: alternatives }) => {
    const texts = alternatives.map(({ l7 }) => l7?.http?.[0]?.method ?? 'all');
    return `${port}/${portPrefix}: ${texts.join(', ')}`;
  });
}

suite('What proxies check', () => {
  const checked = rule('app=web', { ingress: [allow(undefined, [on([range('TCP', 80, 81)], GET)])] });
  const plain = (first: number, last?: number): Rule =>
    rule('app=web', { ingress: [allow(undefined, [on([range('TCP', first, last)])])] });

  test('a plain rule for a broader block lifts the L7 rules of all ports', () => {
    assert.deepEqual(proxiesOf(checked, plain(64, 127)), ['80/15: GET, all']);
  });

  test('a plain rule for one port lifts those of this port alone', () => {
    assert.deepEqual(proxiesOf(checked, plain(80)), ['80/15: GET', '80/16: GET, all']);
  });

  test('ports beside it do not matter', () => {
    assert.deepEqual(proxiesOf(checked, plain(82)), ['80/15: GET']);
  });

  test('a rule in audit mode lifts nothing', () => {
    assert.deepEqual(proxiesOf(checked, { ...plain(64, 127), audit: true }), ['80/15: GET']);
  });
});
