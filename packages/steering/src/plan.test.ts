import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf, type Infer } from '@waggle/bpf';
import { formatAddress, type IpPrefix, networkOf, type PackedElements, parsePrefix } from '@waggle/kernel';
import fc from 'fast-check';
import { type Binding, formatBinding, formatMissing, placeOf } from './binding.ts';
import { BindingList } from './binding-list.ts';
import { compare, Plan } from './plan.ts';
import { countOf, parsePorts, portMask } from './ports.ts';
import { kindOf } from './records.ts';
import { BindingRecord } from './state.ts';
import { Target, TargetKey } from './steer.bpf.ts';
import { TargetReader } from './target-reader.ts';
import { changedTargets, goneTargets } from './target-writer.ts';

const names = ['www', 'dns', 'spare'];
const labels = { idOf: (name: string) => names.indexOf(name), nameOf: (id: number) => names[id] ?? '' };

/** Few addresses and ports, so that bindings meet. */
const addresses = ['10.0.0.1', '10.0.0.2', '10.0.1.1', 'fd00::1', 'fd00::2', 'fd00:0:0:1::1'];
const prefix: fc.Arbitrary<IpPrefix> = fc
  .tuple(fc.constantFrom(...addresses), fc.constantFrom(0, 8, 24, 31, 32, 64, 127, 128))
  .map(([address, length]) => {
    const { bytes, family } = parsePrefix(address);
    return networkOf({ family, bytes, length: Math.min(length, bytes.length * 8) });
  });
const ports = fc.constantFrom('1', '2', '80', '1-80', '2-3', '60-90', '79-81', '1-1024', '*').map(parsePorts);
const binding: fc.Arbitrary<Binding> = fc.record({
  label: fc.constantFrom(...names),
  protocol: fc.constantFrom('tcp', 'udp'),
  prefix,
  ports,
  missing: fc.oneof(fc.constantFrom('drop' as const, 'pass' as const), fc.constant({ fallback: 'spare' })),
});
const bindings = fc.uniqueArray(binding, { selector: placeOf, maxLength: 20 });

const planOf = (list: readonly Binding[]): Plan => new Plan(BindingList.of(list, labels), labels);

/** The elements of a map by their keys in hexadecimal. */
function byKey({ keys, values }: PackedElements): Map<string, Infer<typeof Target>> {
  const found = new Map<string, Infer<typeof Target>>();
  for (let index = 0; index < keys.length / TargetKey.size; index++) {
    const key = keys.subarray(index * TargetKey.size, (index + 1) * TargetKey.size);
    const value = values.slice(index * Target.size, (index + 1) * Target.size);
    found.set(Buffer.from(key).toString('hex'), codecOf(Target).decode(value));
  }
  return found;
}

/** What the program finds for a packet. */
function look(
  plan: Plan,
  targets: ReturnType<typeof byKey>,
  kind: number,
  address: Uint8Array,
  port: number,
) {
  for (const { prefixLength, portLength } of plan.levels[kind] ?? []) {
    const { bytes } = networkOf({ family: 6, bytes: address, length: prefixLength });
    const view = new DataView(bytes.buffer);
    const key = codecOf(TargetKey).encode({
      address: [0, 4, 8, 12].map((at) => (at < bytes.length ? view.getUint32(at) : 0)),
      port: port & portMask(portLength),
      kind,
      generation: 1,
      prefixLength,
      portLength,
    });
    const found = targets.get(Buffer.from(key).toString('hex'));
    if (found) return found;
  }
  return undefined;
}

/** What the documentation says: the longest prefix, then the fewest ports, then the range that begins first. */
function expected(list: readonly Binding[], kind: number, address: Uint8Array, port: number): number {
  const fits = list.filter(
    ({ protocol, prefix, ports }) =>
      kindOf(protocol, prefix.family) === kind &&
      formatAddress(networkOf({ ...prefix, bytes: address }).bytes) === formatAddress(prefix.bytes) &&
      ports.first <= port &&
      port <= ports.last,
  );
  const [first] = fits.sort(
    (left, right) =>
      right.prefix.length - left.prefix.length ||
      countOf(left.ports) - countOf(right.ports) ||
      left.ports.first - right.ports.first,
  );
  return first ? list.indexOf(first) : -1;
}

test('bindings are the same when they come back from their records', () => {
  fc.assert(
    fc.property(bindings, fc.nat(3), (list, free) => {
      const { records } = BindingList.of(list, labels);
      const gap = new Uint8Array(free * BindingRecord.size);
      const back = BindingList.stored(Buffer.concat([gap, records, gap]));
      assert.deepEqual(
        list.map((each, index) => ({ ...each, id: free + index })),
        list.map((_, row) => back.binding(row, labels)),
      );
      assert.equal(back.length, list.length);
      // The codec of the declaration reads them, and would write the same bytes.
      for (let row = 0; row < list.length; row++) {
        const bytes = back.recordOf(row).slice();
        assert.deepEqual(codecOf(BindingRecord).encode(codecOf(BindingRecord).decode(bytes)), bytes);
      }
    }),
  );
});

test('a packet meets the binding that the documentation says', () => {
  fc.assert(
    fc.property(bindings, (list) => {
      const plan = planOf(list);
      const targets = byKey(plan.targets(1, new Map()));
      assert.equal(targets.size, plan.targetCount);
      for (const text of addresses) {
        const { family, bytes } = parsePrefix(text);
        for (const protocol of ['tcp', 'udp'] as const) {
          const kind = kindOf(protocol, family);
          for (const port of [1, 2, 3, 60, 79, 80, 81, 90, 91, 1024, 1025]) {
            const found = look(plan, targets, kind, bytes, port);
            assert.equal(
              found?.binding ?? -1,
              expected(list, kind, bytes, port),
              `${protocol} ${text} ${port}`,
            );
          }
        }
      }
    }),
  );
});

test('adding and removing one binding changes its targets and no others', () => {
  fc.assert(
    fc.property(bindings, fc.nat(), (list, number) => {
      if (list.length === 0) return;
      const row = number % list.length;
      const before = planOf(list);
      const after = new Plan(before.list.without(row), labels);
      const targets = byKey(before.targets(0, new Map()));
      const [old, rest] = [before, after].map((plan) => plan.targetsAround(before.list, row, 0));
      assert.ok(old && rest);
      for (const [key, value] of byKey(changedTargets(old, rest))) targets.set(key, value);
      const gone = goneTargets(old, rest);
      for (let at = 0; at < gone.length; at += TargetKey.size) {
        assert.ok(targets.delete(Buffer.from(gone.subarray(at, at + TargetKey.size)).toString('hex')));
      }
      assert.deepEqual(new Map([...targets].sort()), new Map([...byKey(after.targets(0, new Map()))].sort()));
      // One that is added gets a number that is free.
      const again = after.list.with(list[row] as Binding, labels);
      const ids = Array.from({ length: again.length }, (_, each) => again.idOf(each));
      assert.equal(new Set(ids).size, list.length);
    }),
  );
});

test('what was counted goes to one target, and is read again', () => {
  const [list] = fc.sample(bindings, { numRuns: 1, seed: 7 });
  const plan = planOf([
    ...(list ?? []),
    {
      label: 'www',
      protocol: 'tcp',
      prefix: parsePrefix('9.9.9.9'),
      ports: parsePorts('7-90'),
      missing: 'drop',
    },
  ]);
  const counted = new Map(Array.from({ length: plan.list.length }, (_, row) => [row, BigInt(row) << 33n]));
  counted.delete(0);
  const reader = new TargetReader(plan.targets(1, counted));
  assert.deepEqual(new Map([...reader.lookupsOf(1)].sort(([a], [b]) => a - b)), counted);
  assert.equal(reader.lookupsOf(0).size, 0);
  assert.equal(reader.countOf(1), plan.targetCount);
  assert.equal(reader.countOf(0), 0);
});

test('differences are those of the texts', () => {
  fc.assert(
    fc.property(bindings, bindings, (from, to) => {
      const text = (each: Binding) => `${formatBinding(each)} ${formatMissing(each.missing)}`;
      const { added, removed, changed, unchanged } = compare(planOf(from), planOf(to), labels);
      const [old, wanted] = [from, to].map(
        (list) => new Map(list.map((each) => [placeOf(each), text(each)])),
      );
      assert.ok(old && wanted);
      const kept = [...wanted].filter(([place]) => old.has(place));
      assert.deepEqual(
        added.map(text).sort(),
        [...wanted]
          .filter(([place]) => !old.has(place))
          .map(([, each]) => each)
          .sort(),
      );
      assert.deepEqual(
        removed.map(text).sort(),
        [...old]
          .filter(([place]) => !wanted.has(place))
          .map(([, each]) => each)
          .sort(),
      );
      assert.deepEqual(
        changed.map(text).sort(),
        kept
          .filter(([place, each]) => old.get(place) !== each)
          .map(([, each]) => each)
          .sort(),
      );
      assert.equal(unchanged, kept.length - changed.length);
    }),
  );
});

test('the same place twice is refused, and so are too many levels', () => {
  const one: Binding = {
    label: 'www',
    protocol: 'tcp',
    prefix: parsePrefix('::/0'),
    ports: parsePorts('80'),
    missing: 'drop',
  };
  assert.throws(() => planOf([one, { ...one, label: 'dns' }]), {
    code: 'EXISTS',
    message: /tcp ::\/0 80 is bound to "www" already/,
  });
  const many = Array.from({ length: 129 }, (_, length) => ({
    ...one,
    prefix: networkOf({ ...parsePrefix('fd00::1'), length }),
  }));
  assert.throws(() => planOf(many).checkLevels(), {
    code: 'FULL',
    message: /tcp6 would be looked up on 129 levels/,
  });
  planOf(many.slice(1)).checkLevels();
});

test('tens of thousands of ranges of one prefix are divided in no time', () => {
  const list = Array.from({ length: 20_000 }, (_, index) => ({
    label: 'www',
    protocol: 'tcp' as const,
    prefix: parsePrefix('10.0.0.0/8'),
    ports: { first: 1 + index, last: 1 + index + (index % 7) * 3000 },
    missing: 'drop' as const,
  }));
  const start = process.cpuUsage();
  const plan = planOf(list);
  const { user } = process.cpuUsage(start);
  assert.ok(plan.targetCount > 2_000);
  // Quadratic work would take minutes.
  assert.ok(user < 5e6, `${user / 1e6} s`);
});
