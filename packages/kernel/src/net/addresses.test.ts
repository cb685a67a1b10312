import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  formatAddress,
  formatIpv4,
  formatMac,
  formatPrefix,
  hostPrefix,
  networkOf,
  parseAddress,
  parseIpv4,
  parseMac,
  parseNetwork,
  parsePrefix,
} from './addresses.ts';

/** Mostly zeros, as addresses are. */
const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
const ipv4 = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.from(bytes));
const ipv6 = fc.array(byte, { minLength: 16, maxLength: 16 }).map((bytes) => Uint8Array.from(bytes));
const address = fc.oneof(ipv4, ipv6);

describe('addresses', () => {
  test('come back from text as they were', () => {
    fc.assert(
      fc.property(address, (bytes) => {
        const parsed = parseAddress(formatAddress(bytes));
        assert.deepEqual(parsed.bytes, bytes);
        assert.equal(parsed.family, bytes.length === 4 ? 4 : 6);
      }),
    );
  });

  test('alone are prefixes of all their bits', () => {
    assert.equal(hostPrefix('10.0.0.1'), '10.0.0.1/32');
    assert.equal(hostPrefix('2001:DB8::0:1'), '2001:db8::1/128');
    assert.throws(() => hostPrefix('10.0.0.0/8'), { code: 'MALFORMED', message: /is not an IP address/ });
    fc.assert(
      fc.property(address, (bytes) => {
        const text = formatAddress(bytes);
        assert.deepEqual(parsePrefix(hostPrefix(text)), parsePrefix(text));
      }),
    );
  });

  test('of IPv4 are numbers in maps', () => {
    fc.assert(
      fc.property(ipv4, (bytes) => {
        const number = parseIpv4(formatAddress(bytes));
        assert.equal(number, Buffer.from(bytes).readUInt32BE());
        assert.equal(formatIpv4(number), formatAddress(bytes));
      }),
    );
    for (const text of ['', '10.0.0', '10.0.0.256', '010.0.0.1', '::1', '10.0.0.0/8']) {
      assert.throws(() => parseIpv4(text), { code: 'MALFORMED', message: /is not an IPv4 address/ });
    }
    for (const number of [-1, 2 ** 32, 0.5, Number.NaN]) {
      assert.throws(() => formatIpv4(number), { code: 'OUT_OF_RANGE' });
    }
  });

  test('are written as Node writes them', () => {
    fc.assert(
      fc.property(ipv6, (bytes) => {
        // inet_ntop writes ::/96 in the mixed form, which RFC 5952 has for known prefixes only.
        fc.pre(bytes.subarray(0, 12).some((value) => value !== 0));
        const text = formatAddress(bytes);
        assert.equal(new SocketAddress({ address: text, family: 'ipv6' }).address, text);
      }),
    );
  });

  test('RFC 5952, section 4', () => {
    const canonical = {
      '2001:0db8::0001': '2001:db8::1',
      '2001:db8:0:0:0:0:2:1': '2001:db8::2:1',
      '2001:db8:0:1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
      '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
      '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
      '2001:DB8::ABCD': '2001:db8::abcd',
      '0:0:0:0:0:0:0:0': '::',
      '::1': '::1',
      '1::': '1::',
      '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
      '::ffff:a00:1': '::ffff:10.0.0.1',
      '64:ff9b::10.0.0.1': '64:ff9b::a00:1',
    };
    for (const [text, expected] of Object.entries(canonical)) {
      assert.equal(formatAddress(parseAddress(text).bytes), expected);
    }
  });

  test('text that is none is refused exactly when Node refuses it', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '01',
      'ff',
      '10000',
      '255',
      '256',
      ':',
      '::',
      '.',
      '',
      'g',
      '1.2.3.4',
      '%eth0',
      ' ',
      '/',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        // Node allows a zone after a percent sign.
        const valid = isIP(text) !== 0 && !text.includes('%');
        if (valid) assert.equal(parseAddress(text).family, isIP(text));
        else assert.throws(() => parseAddress(text), { code: 'MALFORMED' }, text);
      }),
      { numRuns: 2000 },
    );
  });

  test('the errors name the text', () => {
    assert.throws(() => parseAddress('10.0.0.300'), { message: '10.0.0.300 is not an IP address' });
    assert.throws(() => parseAddress(''), { message: '"" is not an IP address' });
    assert.throws(() => formatAddress(new Uint8Array(5)), { code: 'WRONG_SIZE' });
  });
});

describe('prefixes', () => {
  test('come back from text as they were', () => {
    fc.assert(
      fc.property(address, fc.nat(128), (bytes, length) => {
        fc.pre(length <= 8 * bytes.length);
        const parsed = parsePrefix(formatPrefix({ bytes, length }));
        assert.deepEqual([parsed.bytes, parsed.length], [bytes, length]);
      }),
    );
  });

  test('the network keeps the bits of the prefix, and no other', () => {
    const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    fc.assert(
      fc.property(address, fc.nat(128), (bytes, length) => {
        fc.pre(length <= 8 * bytes.length);
        const rest = BigInt(8 * bytes.length - length);
        const network = networkOf({ family: bytes.length === 4 ? 4 : 6, bytes, length });
        assert.equal(number(network.bytes), (number(bytes) >> rest) << rest);
      }),
    );
  });

  test('a bare address has all its bits', () => {
    assert.equal(parsePrefix('10.0.0.1').length, 32);
    assert.equal(parsePrefix('fd00::1').length, 128);
  });

  test('what is none is refused with a reason', () => {
    assert.throws(() => parsePrefix('10.0.0.300/24'), {
      code: 'MALFORMED',
      message: '10.0.0.300/24 is not an IP prefix. Write 10.0.0.0/24 or fd00::/64',
    });
    assert.throws(() => parsePrefix('10.0.0.0/33'), { message: /The length of an IPv4 prefix is 0 to 32/ });
    for (const text of ['10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0/8/8', '/8', 'fd00::/129', '']) {
      assert.throws(() => parsePrefix(text), { code: 'MALFORMED' }, text);
    }
  });

  test('a network has no bits after its prefix', () => {
    assert.equal(formatPrefix(parseNetwork('10.1.0.0/16')), '10.1.0.0/16');
    assert.throws(() => parseNetwork('10.1.2.3/16'), {
      code: 'MALFORMED',
      hint: 'Did you mean 10.1.0.0/16?',
    });
  });
});

describe('MAC addresses', () => {
  test('come back from text as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        assert.deepEqual(parseMac(formatMac(bytes)), bytes);
        assert.deepEqual(parseMac(formatMac(bytes).replaceAll(':', '-').toUpperCase()), bytes);
      }),
    );
  });

  test('what is none is refused', () => {
    for (const text of [
      '',
      '02:00:00:00:00',
      '02:00:00:00:00:0g',
      '02:00:00:00:00:00:01',
      '2:0:0:0:0:1',
      '02-00:00:00:00:01',
    ]) {
      assert.throws(() => parseMac(text), { code: 'MALFORMED' }, text);
    }
  });
});
