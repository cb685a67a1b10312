/** Packets behind extension headers, in pieces, and errors about others: they belong to connections like plain ones, or are dropped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsRoot } from '../packages/kernel/src/testing/lab.ts';

await import('@waggle/compiler/register');
const { PacketLab } = await import('./support/packet-lab.ts');

const [OWN, OUTSIDE] = ['20010db8000100000000000000000001', '20010db8ffff00000000000000000002'];
const MACS = '020000000001020000000002';
const UDP = `1000005000080000${'00'.repeat(8)}`;
const byte = (value: number): string => value.toString(16).padStart(2, '0');
const ipv6 = (next: number, rest: string, source = OWN, destination = OUTSIDE): Uint8Array =>
  Buffer.from(
    `${MACS}86dd60000000${byte(0)}${byte(rest.length / 2)}${byte(next)}40${source}${destination}${rest}`,
    'hex',
  );
const options = (next: number): string => `${byte(next)}00010400000000`;

test('extension headers and pieces', { skip: needsRoot }, () => {
  using lab = new PacketLab();
  for (const [what, frame, reason] of [
    ['hop-by-hop, then destination options', ipv6(0, options(60) + options(17) + UDP), 'Forwarded'],
    ['hop-by-hop behind another one', ipv6(60, options(0) + options(17) + UDP), 'InvalidExtensionHeader'],
    ['a route through others', ipv6(43, `1100000100000000${UDP}`), 'InvalidExtensionHeader'],
    ['no next header', ipv6(59, UDP), 'InvalidExtensionHeader'],
    ['too many', ipv6(60, options(60).repeat(8) + UDP), 'InvalidExtensionHeader'],
    ['a later piece alone', ipv6(44, `1100000900000007${UDP}`), 'FirstFragmentMissing'],
    ['the first piece', ipv6(44, `1100000100000007${UDP}`), 'Forwarded'],
    ['a later piece', ipv6(44, `1100000900000007${UDP}`), 'Forwarded'],
    [
      'an error about nothing',
      ipv6(
        58,
        `0104000000000000${Buffer.from(ipv6(17, `9000${UDP.slice(4)}`, OUTSIDE, OWN))
          .toString('hex')
          .slice(28)}`,
      ),
      'PolicyDenied',
    ],
  ] as const) {
    assert.equal(lab.sends(frame).reason, reason, what);
  }
});

test('a packet is from the endpoint at its device, or for it', { skip: needsRoot }, () => {
  using lab = new PacketLab();
  const other = '20010db8000100000000000000000002';
  const answer = `0050100000080000${'00'.repeat(8)}`;
  const there = ipv6(17, UDP, OWN, other);
  const back = ipv6(17, answer, other, OWN);
  assert.equal(lab.sends(back).reason, 'InvalidSource', 'another endpoint’s address');
  assert.equal(lab.sends(ipv6(17, UDP, OUTSIDE, OWN)).reason, 'InvalidSource', 'an address of nobody here');
  assert.equal(lab.gets(there).reason, 'UnroutableAddress', 'for another endpoint');
  assert.equal(lab.gets(ipv6(17, UDP, OWN, OUTSIDE)).reason, 'UnroutableAddress', 'for nobody here');
  assert.equal(lab.sends(there).verdict, 'redirect');
  assert.equal(lab.sends(there).verdict, 'redirect');
  assert.equal(lab.sends(back).reason, 'InvalidSource', 'also when there is such a connection');
  assert.equal(lab.gets(there).reason, 'UnroutableAddress');
  assert.equal(lab.gets(back).reason, 'Forwarded');
});
