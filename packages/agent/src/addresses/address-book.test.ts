import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { StateStore } from '../state/index.ts';
import { AddressBook, addressState } from './address-book.ts';

describe('the addresses of a host', () => {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-addresses-'));
  after(() => rmSync(directory, { recursive: true }));

  test('come from the pool of each family, or from none', () => {
    const book = new AddressBook({ ipv4: { cidr: '10.0.0.0/30' }, ipv6: { cidr: 'fd00::/64' } });
    assert.deepEqual(book.allocate('a'), { ipv4: '10.0.0.2', ipv6: 'fd00::2' });
    assert.throws(() => book.allocate('b'), { code: 'FULL' });
    assert.deepEqual(book.allocate('b', { family: 'ipv6' }), { ipv6: 'fd00::3' });
    assert.deepEqual(book.list(), [
      { address: '10.0.0.2', owner: 'a' },
      { address: 'fd00::2', owner: 'a' },
      { address: 'fd00::3', owner: 'b' },
    ]);
    assert.deepEqual(book.pools, {
      ipv4: { cidr: '10.0.0.0/30', gateway: '10.0.0.1' },
      ipv6: { cidr: 'fd00::/64', gateway: 'fd00::1' },
    });
  });

  test('of which one cannot be had leave the other untouched', () => {
    const book = new AddressBook({ ipv4: { cidr: '10.0.0.0/24' }, ipv6: { cidr: 'fd00::/126' } });
    book.take('fd00::2', 'a');
    for (let attempt = 0; attempt < 300; attempt++) assert.throws(() => book.allocate('b'), { code: 'FULL' });
    assert.equal(book.list().length, 1);
    book.allocate('b', { family: 'ipv4' });
  });

  test('of a family that the host lacks are refused', () => {
    const book = new AddressBook({ ipv4: { cidr: '10.0.0.0/24' } });
    assert.throws(() => book.take('fd00::7', 'a'), {
      message: /fd00::7: this host has no IPv6.*--ipv6-pool/,
    });
    assert.throws(() => book.allocate('a', { family: 'ipv6' }), { code: 'NOT_FOUND' });
    assert.throws(() => book.release('10.0.0.2'), { code: 'NOT_FOUND' });
  });

  test('are remembered', async () => {
    for (const [start, owner] of ['first', 'second', 'third'].entries()) {
      const store = StateStore.open(directory);
      const book = new AddressBook({ ipv4: { cidr: '10.0.0.0/24' }, document: store.document(addressState) });
      assert.equal(book.list().length, start);
      assert.deepEqual(book.allocate(owner), { ipv4: `10.0.0.${start + 2}` });
      await store.close();
    }
  });
});
