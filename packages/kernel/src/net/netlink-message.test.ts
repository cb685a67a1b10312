import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WaggleError } from '@waggle/bpf';
import fc from 'fast-check';
import { decodeEvent } from './events.ts';
import { decodeFdbEntry } from './fdb.ts';
import { decodeFilter } from './filters.ts';
import { decodeInterfaceAddress } from './interface-addresses.ts';
import { decodeLink } from './link.ts';
import { MessageBuilder } from './message-builder.ts';
import { decodeNeighbour } from './neighbours.ts';
import {
  Attributes,
  MessageFlag,
  MessageType,
  parseAcknowledgement,
  parseMessages,
  parsePayload,
} from './netlink-message.ts';
import { decodeOffloads } from './offloads.ts';
import { decodeQdisc } from './qdiscs.ts';
import { decodeRoute } from './route.ts';
import { decodeRule } from './rules.ts';

/** An attribute is bytes, or attributes. */
type Tree = { type: number; value: Uint8Array | Tree[] };

const { trees } = fc.letrec<{ trees: Tree[]; tree: Tree }>((tie) => ({
  tree: fc.record({
    type: fc.integer({ min: 0, max: 0x3fff }),
    value: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 40 }), tie('trees')),
  }),
  trees: fc.array(tie('tree'), { maxLength: 4 }),
}));

function write(message: MessageBuilder, attributes: readonly Tree[]): void {
  for (const { type, value } of attributes) {
    if (value instanceof Uint8Array) message.addBytes(type, value);
    else message.addNested(type, () => write(message, value));
  }
}

/** Reads as many levels as the original has. */
function assertRead(attributes: Attributes, original: readonly Tree[]): void {
  assert.equal(attributes.entries.length, original.length);
  for (const [index, { type, value }] of original.entries()) {
    const entry = attributes.entries[index];
    assert.ok(entry);
    assert.equal(entry.type, type);
    if (value instanceof Uint8Array) assert.deepEqual(Uint8Array.from(entry.payload), value);
    else assertRead(Attributes.parse(entry.payload), value);
  }
}

function isMalformed(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'MALFORMED';
}

describe('netlink messages', () => {
  test('are the bytes that the kernel wants', () => {
    const message = new MessageBuilder(0x10, MessageFlag.create).u8(1, 2).u16(3).u32(4);
    message.addText(3, 'eth0').addU16BigEndian(15, 4789);
    message.addNested(18, () => message.addU8(1, 7));
    assert.equal(
      Buffer.from(message.finish(MessageFlag.request, 9)).toString('hex'),
      [
        '38000000',
        '1000',
        '0104',
        '09000000',
        '00000000', // header
        '01',
        '02',
        '0300',
        '04000000', // fixed fields
        '0900',
        '0300',
        '6574683000',
        '000000', // text, NUL, padding
        '0600',
        '0f00',
        '12b5',
        '0000', // network order
        '0c00',
        '1280',
        '0500',
        '0100',
        '07',
        '000000', // nested
      ].join(''),
    );
  });

  test('come back as they were written, at any depth', () => {
    fc.assert(
      fc.property(
        trees,
        fc.integer({ min: 16, max: 0xffff }),
        fc.integer({ min: 0, max: 0xffffffff }),
        (tree, type, sequence) => {
          const message = new MessageBuilder(type).u32(77);
          write(message, tree);
          const [parsed, ...more] = parseMessages(message.finish(MessageFlag.request, sequence));
          assert.ok(parsed);
          assert.equal(more.length, 0);
          assert.equal(parsed.type, type);
          assert.equal(parsed.sequence, sequence);
          const { header, attributes } = parsePayload(parsed.payload, 4);
          assert.equal(header.getUint32(0, true), 77);
          assertRead(attributes, tree);
        },
      ),
    );
  });

  test('several in one datagram come apart again', () => {
    const first = new MessageBuilder(20).u8(1).finish(0, 1);
    const second = new MessageBuilder(21).u32(2).finish(0, 2);
    const bytes = new Uint8Array(20 + second.length);
    bytes.set(first);
    bytes.set(second, 20);
    assert.deepEqual(
      parseMessages(bytes).map(({ type, payload }) => [type, payload.length]),
      [
        [20, 1],
        [21, 4],
      ],
    );
  });

  test('integers of each size come back', () => {
    const message = new MessageBuilder(16);
    message.addU8(1, 0xfe).addU16(2, 0xfedc).addU32(3, 0xfedcba98).addU64(4, 0xfedcba9876543210n);
    message.addU32BigEndian(5, 0xfedcba98).addText(6, 'näme').addFlag(7);
    const { attributes } = parsePayload(
      parseMessages(message.finish(0, 0))[0]?.payload ?? new Uint8Array(),
      0,
    );
    assert.equal(attributes.u8(1), 0xfe);
    assert.equal(attributes.u16(2), 0xfedc);
    assert.equal(attributes.u32(3), 0xfedcba98);
    assert.equal(attributes.i32(3), 0xfedcba98 | 0);
    assert.equal(attributes.u64(4), 0xfedcba9876543210n);
    assert.equal(attributes.u32BigEndian(5), 0xfedcba98);
    assert.equal(attributes.text(6), 'näme');
    assert.equal(attributes.has(7), true);
    assert.equal(attributes.u32(8), undefined);
    assert.throws(() => attributes.u32(1), isMalformed);
  });

  test('refuse values that their field cannot hold', () => {
    const message = new MessageBuilder(16);
    assert.throws(() => message.addU8(1, 256), {
      code: 'OUT_OF_RANGE',
      message: '256 is not a whole number from 0 to 255',
    });
    assert.throws(() => message.addU32(1, -1), { code: 'OUT_OF_RANGE' });
    assert.throws(() => message.addU32(1, Number.NaN), { code: 'OUT_OF_RANGE' });
    assert.throws(() => message.addU64(1, 1n << 64n), { code: 'OUT_OF_RANGE' });
    assert.throws(() => message.addText(1, 'a\0b'), { code: 'WRONG_TYPE' });
    assert.throws(() => message.addBytes(1, new Uint8Array(65532)), { code: 'WRONG_SIZE' });
    const nested = new MessageBuilder(16);
    const two = () => nested.addBytes(1, new Uint8Array(40000)).addBytes(2, new Uint8Array(40000));
    assert.throws(() => nested.addNested(1, two), { code: 'WRONG_SIZE' });
  });
});

describe('bytes from elsewhere', () => {
  test('of no length do not hang the parsers', () => {
    assert.throws(() => parseMessages(new Uint8Array(64)), isMalformed);
    assert.throws(() => Attributes.parse(new Uint8Array(8)), isMalformed);
    assert.deepEqual(parseMessages(new Uint8Array()), []);
  });

  test('that are no messages are MALFORMED, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const parse of [parseMessages, Attributes.parse]) {
          try {
            parse(bytes);
          } catch (error) {
            assert.ok(isMalformed(error), String(error));
          }
        }
      }),
    );
  });

  const decoders = {
    decodeLink,
    decodeInterfaceAddress,
    decodeRoute,
    decodeRule,
    decodeNeighbour,
    decodeFdbEntry,
    decodeQdisc,
    decodeFilter,
    decodeOffloads,
  };
  // Types that the decoders look at, families that they know, and lengths that do not fit.
  const attribute = fc.record({
    type: fc.integer({ min: 0, max: 60 }),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  const payload = fc
    .tuple(
      fc.constantFrom(0, 2, 7, 10),
      fc.uint8Array({ minLength: 19, maxLength: 19 }),
      fc.array(attribute, { maxLength: 12 }),
    )
    .map(([family, rest, attributes]) => {
      const message = new MessageBuilder(16).u8(family, ...rest);
      for (const { type, value } of attributes) message.addBytes(type, value);
      return message.finish(0, 0).slice(16);
    });
  for (const [name, decode] of Object.entries(decoders)) {
    test(`decode or are refused: ${name}`, () => {
      fc.assert(
        fc.property(payload, fc.integer({ min: 0, max: 20 }), (bytes, start) => {
          try {
            decode(bytes.subarray(start));
          } catch (error) {
            assert.ok(error instanceof WaggleError, String(error));
            assert.ok(['MALFORMED', 'WRONG_SIZE'].includes(error.code), String(error));
          }
        }),
        { numRuns: 300 },
      );
    });
  }

  test('an event of an unknown kind is no event', () => {
    const message = { type: 99, flags: 0, sequence: 0, portId: 0, payload: new Uint8Array() };
    assert.equal(decodeEvent(message), undefined);
  });
});

describe('acknowledgements', () => {
  const errorMessage = (flags: number, fill: (message: MessageBuilder) => void) => {
    const message = new MessageBuilder(MessageType.error, flags);
    fill(message);
    const [parsed] = parseMessages(message.finish(0, 1));
    assert.ok(parsed);
    return parsed;
  };
  const quoted = (message: MessageBuilder, length: number) =>
    message.u32(0xffffffea).u32(length).u16(20).u16(5).u32(1).u32(0);

  test('tell the result and the kernel’s sentence', () => {
    const capped = MessageFlag.acknowledgeAttributes | MessageFlag.capped;
    const reply = errorMessage(capped, (message) => quoted(message, 40).addText(1, 'Invalid prefix'));
    assert.deepEqual(parseAcknowledgement(reply), { result: -22, sentence: 'Invalid prefix' });
  });

  test('skip the request when the whole of it is quoted', () => {
    const reply = errorMessage(MessageFlag.acknowledgeAttributes, (message) =>
      quoted(message, 24).u32(1).u32(2).addText(1, 'No'),
    );
    assert.deepEqual(parseAcknowledgement(reply), { result: -22, sentence: 'No' });
  });

  test('that claim to quote more than there is are malformed', () => {
    const reply = errorMessage(MessageFlag.acknowledgeAttributes, (message) => quoted(message, 4000));
    assert.throws(() => parseAcknowledgement(reply), isMalformed);
    assert.throws(() => parseAcknowledgement(errorMessage(0, () => {})), isMalformed);
  });
});
