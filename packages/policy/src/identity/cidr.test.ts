import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contains, formatCidr, parseCidr } from './cidr.ts';

test('CIDRs of both families are read and written', () => {
  const text = (cidr: string) => formatCidr(parseCidr(cidr));
  assert.equal(text('10.1.2.3/8'), '10.0.0.0/8', 'bits beyond the prefix are cleared');
  assert.equal(text('10.1.2.3'), '10.1.2.3/32');
  assert.equal(text('2001:DB8:0::1/32'), '2001:db8::/32');
  assert.equal(text('::1'), '::1/128');
  assert.equal(text('0.0.0.0/0'), '0.0.0.0/0');
});

test('what is no CIDR is refused', () => {
  for (const wrong of [
    '',
    '10.0.0/8',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    'a/8',
    '::/129',
    '1.2.3.4/',
    '0x10.0.0.1/8',
  ]) {
    assert.throws(() => parseCidr(wrong), { code: 'MALFORMED' }, wrong);
  }
});

test('a CIDR contains those that are narrower and begin alike', () => {
  const within = (outer: string, inner: string) => contains(parseCidr(outer), parseCidr(inner));
  assert.ok(
    within('10.0.0.0/8', '10.255.0.0/16') && within('10.0.0.0/8', '10.0.0.0/8') && within('::/0', 'fe80::1'),
  );
  assert.ok(
    !within('10.1.0.0/16', '10.0.0.0/8') && !within('10.0.0.0/8', '11.0.0.1') && !within('0.0.0.0/0', '::1'),
  );
});
