/**
 * Translations under random packets, against a model: whoever sends keeps one port on the device as long as his connection lives, no
 * two have the same one towards one far end, what comes in for it gets to him, and every checksum is right.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpProtocol, Tc } from '@waggle/bpf';
import { type LoadedProgram, loadDeclared, NetworkNamespace } from '@waggle/kernel';
import fc from 'fast-check';
import { needsRoot, uniqueName } from '../../kernel/src/testing/lab.ts';
import type { AddressWords } from './address-words.ts';
import { Reason } from './reasons.ts';
import { errorFrameOf, frameOf, parseErrorFrame, parseFrame, type Segment } from './testing/packets.ts';

await import('@waggle/compiler/register');
const { addressWords, prefixKey } = await import('./address-words.ts');
const { NOTHING_KNOWN, setConnection } = await import('./connection-tables.ts');
const { fromNetwork, toNetwork } = await import('./host.bpf.ts');
const { monitoringConfig } = await import('./events/options.ts');
const { checkedSizes } = await import('./layout.ts');
const { closeMaps, createMaps } = await import('./pins.ts');
const { RANGE_BITS, Role } = await import('./masquerade.bpf.ts');
const { Way } = await import('./nat.bpf.ts');
const { metricOf } = await import('./report.bpf.ts');
const { monotonicSeconds } = await import('./monotonic.ts');
const { collectTranslations } = await import('./translation-list.ts');

type Maps = ReturnType<typeof createMaps>;
const { Tcp, Udp, Icmp, Icmpv6 } = IpProtocol;
/** Few, so that they run out. */
const PORTS = { first: 5000, last: 5005 };
const DEVICE = { ipv4: '198.51.100.1', ipv6: '2001:db8:ffff::1' };
const OWN = { 4: addressWords(DEVICE.ipv4), 6: addressWords(DEVICE.ipv6) };
const ROUTER = { 4: addressWords('203.0.113.1'), 6: addressWords('2001:db8:3::1') };
const FAR = { 4: ['203.0.113.7', '9.9.9.9'], 6: ['2001:db8:2::7', '2620::9'] };
const NEAR = { 4: ['10.0.0.1', '10.0.0.2', '10.0.250.3'], 6: ['2001:db8:1::1', '2001:db8:1::2', 'fd00::3'] };
const SIZES = { maxConnections: 4096, maxTranslations: 4096, maxPeers: 64, maxEndpoints: 16, maxPolicies: 8 };

/** Who sends what to whom. */
const flows = fc.record({
  family: fc.constantFrom(4 as const, 6 as const),
  near: fc.integer({ min: 0, max: 2 }),
  far: fc.integer({ min: 0, max: 1 }),
  transport: fc.constantFrom('tcp', 'udp', 'echo'),
  port: fc.constantFrom(5000, 5001, 5005, 40_000, 65_535, 1),
  farPort: fc.constantFrom(53, 5000),
});
const actions = fc.record({
  // Sending is what makes ports run out.
  kind: fc.constantFrom('send', 'send', 'send', 'answer', 'error', 'end', 'forget', 'stray'),
  flow: flows,
  /** Which of those that were sent already. */
  pick: fc.nat(),
  way: fc.constantFrom(Way.Out, Way.In),
});

type Chosen<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** A connection in the model: what was sent last, and as what it left. */
interface Live {
  readonly sent: Segment;
  readonly left: Segment;
}

const keyOf = ({ source, destination, protocol, sourcePort, destinationPort }: Segment): string =>
  [source, destination, protocol, sourcePort, destinationPort].join(' ');

class Model {
  readonly maps: Maps;
  readonly live = new Map<string, Live>();
  readonly #out: LoadedProgram;
  readonly #in: LoadedProgram;
  /** How many found no port. */
  refused = 0;
  #count = 0;

  constructor(maps: Maps, out: LoadedProgram, incoming: LoadedProgram) {
    this.maps = maps;
    this.#out = out;
    this.#in = incoming;
    for (const map of [maps.connections4, maps.connections6, maps.translations]) map.clear();
  }

  segment({ family, near, far, transport, port, farPort }: Chosen<typeof flows>): Segment {
    const protocol = transport === 'tcp' ? Tcp : transport === 'udp' ? Udp : family === 4 ? Icmp : Icmpv6;
    return {
      source: addressWords(NEAR[family][near] ?? ''),
      destination: addressWords(FAR[family][far] ?? ''),
      protocol,
      sourcePort: port,
      destinationPort: transport === 'echo' ? 0 : farPort,
      payload: new Uint8Array([...Buffer.from('packet'), this.#count++ & 0xff, 0]),
    };
  }

  send(sent: Segment): void {
    const before = this.live.get(keyOf(sent));
    this.#connect(sent);
    const dropped = this.#noTranslation();
    const { result, data } = this.#out.program.testRun({ data: frameOf(sent) });
    if (result === Tc.Shot) {
      assert.equal(this.#noTranslation(), dropped + 1n, 'for that reason');
      assert.equal(before, undefined, 'who has a port keeps it');
      const taken = [...this.live.values()].filter(
        ({ left }) => isSameFar(left, sent) && isForTranslation(left.sourcePort),
      );
      assert.equal(taken.length, PORTS.last - PORTS.first + 1, 'only when all are in use');
      this.#disconnect(sent);
      this.refused++;
      return;
    }
    const { body: _body, ...left } = parseFrame(data);
    assert.deepEqual(left, { ...sent, source: ownOf(sent), sourcePort: left.sourcePort });
    if (before) assert.equal(left.sourcePort, before.left.sourcePort, 'the same port all the time');
    const other = [...this.live].find(
      ([key, live]) => key !== keyOf(sent) && keyOf(live.left) === keyOf(left),
    );
    assert.equal(other, undefined, 'nobody else has it');
    const isKept = left.sourcePort === sent.sourcePort;
    assert.ok(isForTranslation(left.sourcePort) || (isEcho(sent) && isKept));
    this.live.set(keyOf(sent), { sent, left });
  }

  answer({ sent, left }: Live): void {
    const answer = { ...reverse(left), isReply: true };
    const { result, data } = this.#in.program.testRun({ data: frameOf(answer) });
    assert.equal(result, Tc.Ok);
    const { body: _body, ...got } = parseFrame(data);
    const { isReply: _isReply, ...expected } = { ...answer, ...reverse(sent), payload: answer.payload };
    assert.deepEqual(got, expected);
  }

  error({ sent, left }: Live, bytes: number): void {
    const from = ROUTER[familyOf(left)];
    const { result, data } = this.#in.program.testRun({ data: errorFrameOf(from, left, bytes) });
    assert.equal(result, Tc.Ok);
    const { about, ...ends } = parseErrorFrame(data);
    assert.deepEqual(ends, { from, to: sent.source });
    assert.deepEqual(
      { ...about, payload: sent.payload, body: undefined },
      { ...sent, body: undefined },
      'the endpoint finds what it sent',
    );
  }

  /** The connection is over, and a minute goes by. */
  end(key: string, { sent }: Live): void {
    this.#disconnect(sent);
    this.#age(sent, 100);
    this.live.delete(key);
    if (key.length % 2 === 1) return;
    // Sometimes user space is quicker than who needs the port.
    collectTranslations(this.maps, monotonicSeconds());
    assert.equal(this.maps.translations.get(natKey(sent, Way.Out)), undefined);
    for (const live of this.live.values()) assert.ok(this.maps.translations.get(natKey(live.sent, Way.Out)));
  }

  /** The table loses one of the entries of a translation, and a few seconds go by. */
  forget({ sent, left }: Live, way: number): void {
    this.maps.translations.delete(way === Way.Out ? natKey(sent, Way.Out) : natKey(left, Way.In));
    this.#age(sent, 10);
    // Whoever still has his entry is heard of first.
    if (way === Way.Out) this.answer({ sent, left });
    else this.send(sent);
  }

  stray(segment: Segment): void {
    const isKnown = [...this.live.values()].some(
      ({ left }) => keyOf(left) === keyOf({ ...segment, source: ownOf(segment) }),
    );
    if (isKnown || this.live.size > 0) return;
    const frame = frameOf({ ...reverse({ ...segment, source: ownOf(segment) }), isReply: true });
    const { result, data } = this.#in.program.testRun({ data: frame });
    assert.equal(result, Tc.Ok);
    assert.deepEqual([...data], [...frame], 'what is for nobody stays as it is');
  }

  #age(sent: Segment, seconds: number): void {
    const { translations } = this.maps;
    const live = this.live.get(keyOf(sent));
    const keys = [natKey(sent, Way.Out), ...(live ? [natKey(live.left, Way.In)] : [])];
    for (const key of keys) {
      const value = translations.get(key);
      if (value) translations.set(key, { ...value, seen: monotonicSeconds() - seconds });
    }
  }

  #connect(segment: Segment): void {
    setConnection(this.maps, tupleOf(segment), {
      ...NOTHING_KNOWN,
      expires: monotonicSeconds() + 60,
      seen: isLow(segment) ? 1 : 0,
    });
  }

  #disconnect(segment: Segment): void {
    setConnection(this.maps, tupleOf(segment), NOTHING_KNOWN);
  }

  #noTranslation(): bigint {
    const counts = this.maps.metrics.get(metricOf(Reason.NoTranslation, 1)) ?? [];
    return counts.reduce((sum, { packets }) => sum + packets, 0n);
  }
}

const isForTranslation = (port: number): boolean => port >= PORTS.first && port <= PORTS.last;
const familyOf = ({ source }: Segment): 4 | 6 => (source[0] === 0 ? 4 : 6);
const ownOf = (segment: Segment): AddressWords => OWN[familyOf(segment)];
const isEcho = ({ protocol }: Segment): boolean => protocol === Icmp || protocol === Icmpv6;
const reverse = (segment: Segment): Segment => ({
  ...segment,
  source: segment.destination,
  destination: segment.source,
  // Both ends of a ping have one identifier.
  ...(!isEcho(segment) && { sourcePort: segment.destinationPort, destinationPort: segment.sourcePort }),
});
const isSameFar = (left: Segment, sent: Segment): boolean =>
  keyOf({ ...left, source: sent.source, sourcePort: 0 }) === keyOf({ ...sent, sourcePort: 0 });

function isLow({ source, destination }: Segment): boolean {
  const at = source.findIndex((word, index) => word !== destination[index]);
  return (source[at] ?? 0) < (destination[at] ?? 0);
}

function tupleOf(segment: Segment) {
  const { low, high } = isLow(segment)
    ? { low: segment, high: reverse(segment) }
    : { low: reverse(segment), high: segment };
  return {
    low: low.source,
    high: high.source,
    lowPort: low.sourcePort,
    highPort: high.sourcePort,
    protocol: segment.protocol,
  };
}

const natKey = (segment: Segment, way: number) => ({
  near: { address: segment.source, port: { number: segment.sourcePort, zero: 0 } },
  far: { address: segment.destination, port: { number: segment.destinationPort, zero: 0 } },
  protocol: segment.protocol,
  way,
});

function perform(model: Model, { kind, flow, pick, way }: Chosen<typeof actions>): void {
  if (kind === 'send') model.send(model.segment(flow));
  if (kind === 'stray') model.stray(model.segment(flow));
  const known = [...model.live];
  const [key, live] = known[pick % Math.max(known.length, 1)] ?? [];
  if (key === undefined || live === undefined) return;
  // An error has at least so much of what it is about.
  const least = familyOf(live.left) === 4 ? 28 : 48;
  if (kind === 'answer') model.answer(live);
  if (kind === 'error') model.error(live, pick % 2 === 0 ? least : 1000);
  if (kind === 'end') model.end(key, live);
  if (kind === 'forget') model.forget(live, way);
}

/** Everybody to one far end: more than there are ports. */
const CROWD = (() => {
  const same = { family: 4, near: 0, far: 0, transport: 'udp', port: 1, farPort: 53 } as const;
  const sequence = ([5000, 5001, 5005] as const).flatMap((port) =>
    [0, 1, 2].map(
      (near) => ({ kind: 'send', flow: { ...same, near, port }, pick: 0, way: Way.Out }) as const,
    ),
  );
  return { same, sequence };
})();

test('flows never mix, whoever comes, ends or is forgotten', { skip: needsRoot }, () => {
  const namespace = NetworkNamespace.create(uniqueName());
  const maps = createMaps(checkedSizes(SIZES));
  try {
    const config = {
      monitoring: monitoringConfig({ drops: false }),
      device: {
        interface: 7,
        masquerade: true,
        published: false,
        hostFirewall: false,
        ipv4: OWN[4][3],
        ipv6Word0: OWN[6][0],
        ipv6Word1: OWN[6][1],
        ipv6Word2: OWN[6][2],
        ipv6Word3: OWN[6][3],
        firstPort: PORTS.first,
        lastPort: PORTS.last,
      },
    };
    for (const prefix of ['10.0.0.0/16', '2001:db8:1::/48', 'fd00::/8']) {
      const { prefixLength, address } = prefixKey(prefix);
      maps.ranges.set({ prefixLength: RANGE_BITS + prefixLength, device: 7, role: Role.Source, address }, 1);
    }
    using out = loadDeclared(toNetwork, { maps, config });
    using incoming = loadDeclared(fromNetwork, { maps, config });
    let refused = 0;
    namespace.run(() => {
      fc.assert(
        fc.property(
          fc.option(flows),
          fc.array(actions, { minLength: 20, maxLength: 60 }),
          (same, sequence) => {
            const model = new Model(maps, out, incoming);
            for (const action of sequence) {
              // Half of the time all go to one far end, so that ports run out.
              const { near, port } = action.flow;
              perform(model, same ? { ...action, flow: { ...same, near, port } } : action);
            }
            refused += model.refused;
          },
        ),
        { numRuns: 8, examples: [[CROWD.same, CROWD.sequence]] },
      );
      assert.ok(refused > 0, 'some found no port');
    });
  } finally {
    closeMaps(maps);
    namespace.remove();
  }
});
