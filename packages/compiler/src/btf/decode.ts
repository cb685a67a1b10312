/**
 * Decodes one type record of BTF into its {@link BtfType}. The caller has checked that the record lies within the type
 * section; everything else that a record says (names, type ids, encodings, linkages) is checked here.
 */

import {
  HOST_IS_LITTLE_ENDIAN,
  INT_ENCODING_NAMES,
  infoFlag,
  infoKind,
  infoLength,
  KIND_NAMES,
  LINKAGES,
  type Linkage,
  TRAILING_WORDS,
  TYPE_WORDS,
} from './format.ts';
import type { StringTable } from './strings.ts';
import type { BtfInt, BtfType } from './types.ts';

/** The BTF that a record is part of, as far as decoding needs it. */
export interface TypeContext {
  readonly view: DataView;
  readonly strings: StringTable;
  readonly typeCount: number;
  malformed(id: number, what: string): Error;
}

/** One record: its words, and the names and types that they refer to. */
class TypeRecord {
  readonly id: number;
  readonly #context: TypeContext;
  readonly #start: number;

  constructor(context: TypeContext, id: number, start: number) {
    this.#context = context;
    this.id = id;
    this.#start = start;
  }

  word(index: number): number {
    return this.#context.view.getUint32(this.#start + 4 * index, HOST_IS_LITTLE_ENDIAN);
  }

  /** The name whose string offset word `index` holds. */
  name(index: number): string {
    const offset = this.word(index);
    const { strings } = this.#context;
    return offset < strings.end
      ? strings.read(offset)
      : this.fail(`there is no name at string offset ${offset}`);
  }

  /** The type id that word `index` holds. */
  reference(index: number): number {
    const typeId = this.word(index);
    if (typeId <= this.#context.typeCount) return typeId;
    return this.fail(`it refers to type ${typeId}, which is not there`);
  }

  fail(what: string): never {
    throw this.#context.malformed(this.id, what);
  }
}

/** Decodes the record of type `id` that starts at a byte; throws MALFORMED for whatever in it cannot be. */
export function decodeType(context: TypeContext, id: number, start: number): BtfType {
  const record = new TypeRecord(context, id, start);
  const name = record.name(0);
  const info = record.word(1);
  const flag = infoFlag(info);
  const kind = KIND_NAMES[infoKind(info)];
  // Word 2 is the size of some kinds and the type that others refer to.
  switch (kind) {
    case 'int':
      return decodeInt(record, name);
    case 'float':
      return { kind, id, name, size: record.word(2) };
    case 'pointer':
    case 'typedef':
    case 'volatile':
    case 'const':
    case 'restrict':
      return { kind, id, name, typeId: record.reference(2) };
    case 'typeTag':
      return { kind, id, name, typeId: record.reference(2), attribute: flag };
    case 'array': {
      const elementTypeId = record.reference(3);
      return { kind, id, name, elementTypeId, indexTypeId: record.reference(4), length: record.word(5) };
    }
    case 'struct':
    case 'union': {
      const members = entries(record, (at) => {
        const offset = record.word(at + 2);
        return {
          name: record.name(at),
          typeId: record.reference(at + 1),
          // With the kind flag, the top byte of an offset is the size of a bit field.
          bitOffset: flag ? offset & 0xff_ffff : offset,
          bitfieldBits: flag ? offset >>> 24 : 0,
        };
      });
      return { kind, id, name, size: record.word(2), members };
    }
    case 'enum': {
      const values = entries(record, (at) => {
        const value = record.word(at + 1);
        return { name: record.name(at), value: flag ? value | 0 : value };
      });
      return { kind, id, name, size: record.word(2), signed: flag, values };
    }
    case 'enum64': {
      const values = entries(record, (at) => {
        const value = (BigInt(record.word(at + 2)) << 32n) | BigInt(record.word(at + 1));
        return { name: record.name(at), value: flag ? BigInt.asIntN(64, value) : value };
      });
      return { kind, id, name, size: record.word(2), signed: flag, values };
    }
    case 'forward':
      return { kind, id, name, target: flag ? 'union' : 'struct' };
    case 'function':
      // A function has no entries; its linkage takes the place of their number.
      return { kind, id, name, typeId: record.reference(2), linkage: linkageOf(record, infoLength(info)) };
    case 'functionPrototype': {
      const parameters = entries(record, (at) => ({
        name: record.name(at),
        typeId: record.reference(at + 1),
      }));
      // A last parameter without type stands for `...`.
      const variadic = parameters.at(-1)?.typeId === 0;
      if (variadic) parameters.pop();
      return { kind, id, name, returnTypeId: record.reference(2), parameters, variadic };
    }
    case 'variable':
      return { kind, id, name, typeId: record.reference(2), linkage: linkageOf(record, record.word(3)) };
    case 'dataSection': {
      const variables = entries(record, (at) => ({
        typeId: record.reference(at),
        offset: record.word(at + 1),
        size: record.word(at + 2),
      }));
      return { kind, id, name, size: record.word(2), variables };
    }
    case 'declarationTag': {
      const componentIndex = record.word(3) | 0;
      return { kind, id, name, typeId: record.reference(2), componentIndex, attribute: flag };
    }
    default:
      return record.fail(`its kind ${infoKind(info)} is unknown`);
  }
}

function decodeInt(record: TypeRecord, name: string): BtfInt {
  const size = record.word(2);
  const word = record.word(3);
  const bits = word & 0xff;
  const bitOffset = (word >>> 16) & 0xff;
  if (bits + bitOffset > size * 8) {
    record.fail(`an int of ${size} bytes cannot have ${bits} bits from bit ${bitOffset} on`);
  }
  const number = (word >>> 24) & 0xf;
  const encoding = INT_ENCODING_NAMES.get(number) ?? record.fail(`int encoding ${number} is unknown`);
  return { kind: 'int', id: record.id, name, size, bits, bitOffset, encoding };
}

/** Decodes the entries after the fixed part of a record; `decode` gets the index of the first word of each. */
function entries<Entry>(record: TypeRecord, decode: (at: number) => Entry): Entry[] {
  const info = record.word(1);
  const { fixed, perEntry } = TRAILING_WORDS[infoKind(info)] ?? record.fail('its kind is unknown');
  const first = TYPE_WORDS + fixed;
  const end = first + perEntry * infoLength(info);
  const decoded: Entry[] = [];
  for (let at = first; at < end; at += perEntry) decoded.push(decode(at));
  return decoded;
}

function linkageOf(record: TypeRecord, number: number): Linkage {
  return LINKAGES[number] ?? record.fail(`linkage ${number} is unknown`);
}
