import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { knownIdentity } from '../engine/known-identity.ts';
import { formatLabel } from '../labels/label.ts';
import { formatCidr, parseCidr } from './cidr.ts';
import { cidrLabels, nameLabels, narrowestCidr } from './outside.ts';

const texts = (...args: Parameters<typeof cidrLabels>): string[] => cidrLabels(...args).map(formatLabel);

test('a CIDR is in its label, beside the world', () => {
  assert.deepEqual(texts('10.1.2.3/8'), ['cidr:10.0.0.0/8', 'reserved:world']);
  assert.deepEqual(texts('192.0.2.1'), ['cidr:192.0.2.1/32', 'reserved:world']);
  assert.deepEqual(texts('2001:db8::/32', { worldByFamily: true }), [
    'cidr:2001-db8--0/32',
    'reserved:world-ipv6',
  ]);
  assert.deepEqual(texts('::1'), ['cidr:0--1/128', 'reserved:world']);
  assert.deepEqual(texts('0.0.0.0/0'), ['reserved:world']);
  assert.throws(() => cidrLabels('10.0.0.0/33'), /is no address and no CIDR/);
});

test('a name is in its label, beside the world', () => {
  assert.deepEqual(nameLabels('*.example.com.').map(formatLabel), ['fqdn:*.example.com.', 'reserved:world']);
});

test('the engine reads the CIDR back', () => {
  const group = fc.oneof(fc.constant(0), fc.nat(0xffff)).map((value) => value.toString(16));
  const address = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'));
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), address), fc.integer({ min: 1, max: 32 }), (text, prefix) => {
      const cidr = parseCidr(`${text}/${prefix}`);
      const known = knownIdentity({ id: 1 << 24, labels: cidrLabels(formatCidr(cidr)) }, 0);
      assert.deepEqual(known.cidr, cidr);
    }),
  );
});

test('an address belongs to the narrowest CIDR around it', () => {
  const cidrs = ['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '2001:db8::/32'];
  const cases: [string, string | undefined][] = [
    ['10.1.2.3', '10.1.0.0/16'],
    ['10.0.0.0/12', '10.0.0.0/8'],
    ['192.0.2.1', '0.0.0.0/0'],
    ['2001:db8::1', '2001:db8::/32'],
    ['::1', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(narrowestCidr(cidrs, text), expected);
});
