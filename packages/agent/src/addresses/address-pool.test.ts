import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { AddressPool, type AddressPoolOptions } from './address-pool.ts';
import { PoolSnapshot } from './pool-snapshot.ts';

const code = (expected: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WaggleError, String(error));
  assert.equal(error.code, expected);
  assert.match(error.message, message);
  return true;
};

/** A pool whose clock stands until it is moved. */
function poolAt(options: Omit<AddressPoolOptions, 'now'>) {
  const clock = { now: 1_000_000 };
  return { clock, pool: new AddressPool({ ...options, now: () => clock.now }) };
}

describe('an address pool', () => {
  test('gives out addresses in turn, and none that is no host’s', () => {
    const { pool } = poolAt({ cidr: '10.0.0.0/29', reserved: ['10.0.0.3'] });
    assert.equal(pool.gateway, '10.0.0.1');
    assert.equal(pool.capacity, 4n);
    const given = Array.from({ length: 4 }, () => pool.allocate('me'));
    assert.deepEqual(given, ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    assert.throws(
      () => pool.allocate('me'),
      code('FULL', /all 4 addresses of 10\.0\.0\.0\/29 are given out.*larger pool/),
    );
  });

  test('may be as small as /30 and /126, and of any size', () => {
    assert.equal(new AddressPool({ cidr: '10.0.0.4/30' }).allocate('me'), '10.0.0.6');
    assert.equal(new AddressPool({ cidr: 'fd00::/126' }).allocate('me'), 'fd00::2');
    assert.equal(new AddressPool({ cidr: 'fd00::/8' }).allocate('me'), 'fd00::2');
    assert.equal(new AddressPool({ cidr: '0.0.0.0/0' }).capacity, 2n ** 32n - 3n);
    assert.throws(() => new AddressPool({ cidr: '10.0.0.0/31' }), code('OUT_OF_RANGE', /take \/30 or more/));
    assert.throws(() => new AddressPool({ cidr: '10.0.0.1/24' }), code('MALFORMED', /Did you mean/));
    assert.throws(
      () => new AddressPool({ cidr: '10.0.0.0/24', gateway: 'fe80::1' }),
      code('MALFORMED', /no IPv4/),
    );
  });

  test('lets an address rest that comes back, and says when there is one again', () => {
    const { pool, clock } = poolAt({ cidr: '10.0.0.0/29', rest: 30_000 });
    const given = Array.from({ length: 5 }, () => pool.allocate('me'));
    pool.release('10.0.0.4');
    clock.now += 10_000;
    pool.release('10.0.0.3');
    assert.throws(() => pool.allocate('you'), code('FULL', /\(2 of them\).*given out in 20 s/));
    clock.now += 20_000;
    assert.equal(pool.allocate('you'), '10.0.0.4');
    assert.throws(() => pool.allocate('you'), code('FULL', /given out in 10 s/));
    assert.equal(given.length, 5);
    const again = poolAt({ cidr: '10.0.0.0/29', rest: 0 }).pool;
    again.release(again.allocate('me'));
    assert.equal(again.allocate('me'), '10.0.0.3');
  });

  test('gives a given address, of the pool or not, to one owner', () => {
    const { pool } = poolAt({ cidr: '10.0.0.0/29' });
    pool.take('10.0.0.2', 'a');
    pool.take('192.168.7.7', 'b');
    assert.throws(() => pool.take('192.168.7.7', 'c'), code('EXISTS', /belongs to b/));
    for (const address of ['10.0.0.0', '10.0.0.7', '10.0.0.1']) {
      assert.throws(() => pool.take(address, 'c'), code('DENIED', /never given/));
    }
    assert.equal(pool.allocate('c'), '10.0.0.3');
    pool.release('10.0.0.3');
    pool.take('10.0.0.3', 'd');
    assert.deepEqual(
      pool.list().map(({ address, owner }) => `${address} ${owner}`),
      ['10.0.0.2 a', '10.0.0.3 d', '192.168.7.7 b'],
    );
    assert.throws(() => pool.release('10.0.0.6'), code('NOT_FOUND', /nobody has/));
    assert.ok(pool.contains('10.0.0.6') && !pool.contains('10.0.0.8') && !pool.contains('fd00::1'));
  });

  test('takes back what nobody takes in time', () => {
    const { pool, clock } = poolAt({ cidr: '10.0.0.0/29', rest: 0 });
    const [taken, left] = [pool.allocate('plugin', 60), pool.allocate('plugin', 60)];
    pool.take(taken, 'endpoint 7');
    clock.now += 60_000;
    assert.deepEqual(pool.collect(), [left]);
    assert.equal(pool.ownerOf(taken), 'endpoint 7');
    assert.equal(pool.ownerOf(left), undefined);
    pool.withdraw(pool.allocate('nobody'));
    pool.withdraw(left);
    assert.equal(pool.list().length, 1);
  });

  test('keeps what was given out when its network is another after a restart', () => {
    const before = poolAt({ cidr: '10.0.0.0/29' }).pool;
    before.allocate('a');
    before.release(before.allocate('b'));
    const { pool } = poolAt({ cidr: '10.1.0.0/30' });
    pool.restore(before.snapshot());
    assert.equal(pool.ownerOf('10.0.0.2'), 'a');
    assert.equal(pool.allocate('c'), '10.1.0.2');
    assert.throws(() => pool.allocate('c'), code('FULL', /all 1 addresses/));
  });
});

/** The network of each pool of the property below, as what its addresses begin with, and how many they are. */
const networks = [
  { cidr: '10.0.0.0/28', prefix: '10.0.0.', size: 16 },
  { cidr: '10.0.0.0/30', prefix: '10.0.0.', size: 4 },
  { cidr: 'fd00::/125', prefix: 'fd00::', size: 8 },
] as const;
const REST = 5000;

/** What a pool has to do, kept in the simplest way. */
class Model {
  readonly held = new Map<string, { owner: string; expires: number }>();
  readonly back = new Map<string, number>();
  now = 1;

  release(address: string): void {
    this.held.delete(address);
    this.back.set(address, this.now);
  }

  expire(): string[] {
    const expired = [...this.held].filter(([, { expires }]) => expires <= this.now);
    for (const [address] of expired) this.release(address);
    return expired.map(([address]) => address);
  }

  rests(address: string): boolean {
    return (this.back.get(address) ?? -REST) + REST > this.now;
  }
}

const action = fc.record({
  kind: fc.constantFrom('allocate', 'lend', 'take', 'release', 'wait', 'restart'),
  /** Which address, or how long. */
  at: fc.nat(19),
});

test('a pool never gives an address to two, nor one early, nor refuses one that it has', () => {
  const property = fc.property(
    fc.constantFrom(...networks),
    fc.array(action, { maxLength: 80 }),
    ({ cidr, prefix, size }, actions) => {
      const model = new Model();
      const options = { cidr, rest: REST, now: () => model.now };
      let pool = new AddressPool(options);
      const usable = Array.from({ length: size - 3 }, (_, index) => `${prefix}${index + 2}`);
      for (const [step, { kind, at }] of actions.entries()) {
        const owner = `owner ${step}`;
        // Beyond the size: an address that is not of the pool.
        const address = `${prefix}${at}`;
        const expires = Number.POSITIVE_INFINITY;
        assert.deepEqual(pool.collect().sort(), model.expire().sort());
        if (kind === 'wait') model.now += at * 200;
        else if (kind === 'allocate' || kind === 'lend') {
          const free = usable.filter((each) => !model.held.has(each) && !model.rests(each));
          const allocate = () => pool.allocate(owner, kind === 'lend' ? 1 : undefined);
          if (free.length === 0) assert.throws(allocate, code('FULL', /given out/));
          else {
            const given = allocate();
            assert.ok(free.includes(given), `${given} was not free`);
            model.held.set(given, { owner, expires: kind === 'lend' ? model.now + 1000 : expires });
          }
        } else if (kind === 'take') {
          const lent = (model.held.get(address)?.expires ?? 0) < expires;
          const may = (usable.includes(address) || at >= size) && lent;
          if (!may) assert.throws(() => pool.take(address, owner), WaggleError);
          else {
            pool.take(address, owner);
            model.held.set(address, { owner, expires });
          }
        } else if (kind === 'release' && model.held.has(address)) {
          pool.release(address);
          model.release(address);
        } else if (kind === 'restart') {
          const snapshot = PoolSnapshot.parse(JSON.parse(JSON.stringify(pool.snapshot())));
          pool = new AddressPool(options);
          pool.restore(snapshot);
        }
        assert.deepEqual(
          pool
            .list()
            .map((lease) => `${lease.address} ${lease.owner}`)
            .sort(),
          [...model.held].map(([each, lease]) => `${each} ${lease.owner}`).sort(),
        );
      }
    },
  );
  fc.assert(property, { numRuns: 300 });
});
