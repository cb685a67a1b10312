/**
 * Makes BTF for waggle's own objects: maps, programs, global data. A type is added once its parts are there and gets the
 * next id; adding an equal type again returns the id of the first, as strings are shared too. The rules are the
 * kernel's (kernel/bpf/btf.c): it refuses the whole BTF for one bad name or offset, with nothing but EINVAL for those
 * who do not read its log, so they are checked here, where the culprit can be named.
 */

import { type Type, WaggleError } from '@waggle/bpf';
import {
  BTF_MAGIC,
  BTF_VERSION,
  type BtfKind,
  HEADER,
  HEADER_SIZE,
  HOST_IS_LITTLE_ENDIAN,
  INT_ENCODINGS,
  type IntEncoding,
  LINKAGES,
  type Linkage,
  MAX_ENTRIES,
  MAX_NAME_LENGTH,
  makeInfo,
  POINTER_SIZE,
} from './format.ts';
import { fromType } from './from-type.ts';

/** A member of a struct or union to be: a type that was added before, and where it lies. */
export interface NewMember {
  readonly name: string;
  readonly typeId: number;
  readonly byteOffset: number;
}

/** A parameter of a function to be. */
export interface NewParameter {
  readonly name: string;
  readonly typeId: number;
}

/** A variable in a data section to be: id of the variable, and the bytes it takes in the section. */
export interface NewSectionVariable {
  readonly typeId: number;
  readonly offset: number;
  readonly size: number;
}

/** What the types made of a type need to know of it. */
interface Added {
  readonly kind: BtfKind;
  /** In bytes; undefined for types without size. */
  readonly size: number | undefined;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Collects types and strings, and makes BTF bytes of them in the byte order of this machine. */
export class BtfBuilder {
  readonly #types: Added[] = [{ kind: 'void', size: undefined }];
  readonly #words: number[] = [];
  /** Ids by their record, which names all that makes a type what it is. */
  readonly #ids = new Map<string, number>();
  readonly #stringOffsets = new Map<string, number>([['', 0]]);
  readonly #strings: Uint8Array[] = [new Uint8Array(1)];
  #stringLength = 1;

  /** Adds a string and returns its offset; throws BAD_DECLARATION for one with a NUL in it. */
  string(text: string): number {
    const known = this.#stringOffsets.get(text);
    if (known !== undefined) return known;
    if (text.includes('\0')) throw bad(`a string of BTF cannot contain a NUL: ${JSON.stringify(text)}`);
    const bytes = Buffer.from(`${text}\0`);
    const offset = this.#stringLength;
    this.#stringOffsets.set(text, offset);
    this.#strings.push(bytes);
    this.#stringLength += bytes.length;
    return offset;
  }

  /** Adds an integer of 1, 2, 4, 8 or 16 bytes; its name is that of C and may have spaces (`unsigned int`). */
  int(name: string, size: number, encoding: IntEncoding = 'unsigned'): number {
    if (![1, 2, 4, 8, 16].includes(size)) throw bad(`int ${name} cannot be ${size} bytes long`);
    if (name === '') throw bad('an int needs a name');
    const word = (INT_ENCODINGS[encoding] << 24) | (size * 8);
    return this.#add('int', size, [this.string(name), makeInfo('int'), size, word]);
  }

  /** Adds a pointer to a type; id 0 makes it `void *`. */
  pointer(typeId: number): number {
    return this.#add('pointer', POINTER_SIZE, [0, makeInfo('pointer'), this.#known(typeId, 'a pointer')]);
  }

  /** Adds `const` before a type. */
  const(typeId: number): number {
    return this.#add('const', this.#sizeOf(typeId), [0, makeInfo('const'), this.#known(typeId, 'const')]);
  }

  /** Adds another name for a type. */
  typedef(name: string, typeId: number): number {
    const words = [
      this.#name(name, 'a typedef'),
      makeInfo('typedef'),
      this.#known(typeId, `typedef ${name}`),
    ];
    return this.#add('typedef', this.#sizeOf(typeId), words);
  }

  /** Adds an array of `length` elements. */
  array(elementTypeId: number, length: number): number {
    const what = `an array of ${length} elements`;
    if (!isU32(length)) throw bad(`${what} cannot be`);
    const size = this.#sized(elementTypeId, what) * length;
    if (!isU32(size)) throw bad(`${what} would be ${size} bytes long`, 'The limit is 4 GiB');
    const index = this.int('unsigned int', 4);
    return this.#add('array', size, [0, makeInfo('array'), 0, elementTypeId, index, length]);
  }

  /** Adds a struct of `size` bytes with its members in ascending order; an empty name makes it anonymous. */
  struct(name: string, size: number, members: readonly NewMember[]): number {
    return this.#aggregate('struct', name, size, members);
  }

  /** Adds a union of `size` bytes, whose members all have byteOffset 0. */
  union(name: string, size: number, members: readonly NewMember[]): number {
    return this.#aggregate('union', name, size, members);
  }

  /** Adds an enum: of 4 bytes, or of 8 if a value needs them; signed if a value is negative. */
  enum(name: string, values: ReadonlyMap<string, number | bigint>): number {
    const what = heading('enum', name);
    const numbers = [...values.values()].map((value) => {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        throw bad(`${what} cannot have value ${value}`);
      return BigInt(value);
    });
    const signed = numbers.some((value) => value < 0n);
    const fits = (bits: number) =>
      numbers.every((value) => value === (signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)));
    if (!fits(64)) throw bad(`${what} has a value of more than 64 bits`);
    const kind = fits(32) ? 'enum' : 'enum64';
    const size = kind === 'enum' ? 4 : 8;
    const words = [this.#optionalName(name, what), this.#info(kind, what, values.size, signed), size];
    for (const [index, member] of [...values.keys()].entries()) {
      const value = BigInt.asUintN(64, numbers[index] ?? 0n);
      words.push(this.#name(member, `a value of ${what}`), Number(value & 0xffff_ffffn));
      if (kind === 'enum64') words.push(Number(value >> 32n));
    }
    return this.#add(kind, size, words);
  }

  /** Adds the parameters and the result of a function; result 0 is `void`. */
  functionPrototype(returnTypeId: number, parameters: readonly NewParameter[]): number {
    const what = 'a function prototype';
    const info = this.#info('functionPrototype', what, parameters.length);
    const words = [0, info, this.#known(returnTypeId, what)];
    for (const { name, typeId } of parameters) {
      this.#sized(typeId, `parameter ${name}`);
      words.push(this.#optionalName(name, 'a parameter'), typeId);
    }
    return this.#add('functionPrototype', undefined, words);
  }

  /** Adds a function with its prototype; the kernel loads `static` and `global` ones, and wants parameters named. */
  function(name: string, prototypeTypeId: number, linkage: Exclude<Linkage, 'extern'> = 'static'): number {
    if (this.#types[prototypeTypeId]?.kind !== 'functionPrototype') {
      throw bad(`function ${name} needs the id of a function prototype, not ${prototypeTypeId}`);
    }
    const info = makeInfo('function', LINKAGES.indexOf(linkage));
    return this.#add('function', undefined, [this.#name(name, 'a function'), info, prototypeTypeId]);
  }

  /** Adds a global variable. */
  variable(name: string, typeId: number, linkage: Exclude<Linkage, 'extern'> = 'global'): number {
    const size = this.#sized(typeId, `variable ${name}`);
    const words = [this.#name(name, 'a variable'), makeInfo('variable'), typeId, LINKAGES.indexOf(linkage)];
    return this.#add('variable', size, words);
  }

  /** Adds an ELF section (`.maps`, `.data`) with its variables in ascending order. */
  dataSection(name: string, size: number, variables: readonly NewSectionVariable[]): number {
    const what = `section ${name}`;
    if (!/^[.A-Za-z_][A-Za-z0-9_./]*$/.test(name))
      throw bad(`a section cannot be called ${JSON.stringify(name)}`);
    if (!isU32(size) || size === 0) throw bad(`${what} cannot be ${size} bytes long`);
    const words = [this.string(name), this.#info('dataSection', what, variables.length), size];
    let end = 0;
    for (const variable of variables) {
      const { typeId, offset } = variable;
      if (this.#types[typeId]?.kind !== 'variable')
        throw bad(`${what} needs ids of variables, not ${typeId}`);
      if (!isU32(offset) || offset < end || variable.size < this.#sized(typeId, what)) {
        throw bad(`variable ${typeId} at byte ${offset} of ${what} overlaps another or is cut off`);
      }
      end = offset + variable.size;
      words.push(typeId, offset, variable.size);
    }
    if (end > size) throw bad(`the variables of ${what} take ${end} bytes of ${size}`);
    return this.#add('dataSection', size, words);
  }

  /**
   * Adds a type declared with @waggle/bpf and all that it consists of: scalars as the typedefs of the kernel's headers
   * (`__u32`, `__be16`), `bytes` as an array of `__u8`, `chars` as an array of `char`, structs by their name.
   */
  fromType(type: Type): number {
    return fromType(this, type);
  }

  /** Returns the BTF of all that was added so far. */
  build(): Uint8Array {
    const typeLength = this.#words.length * 4;
    const bytes = new Uint8Array(HEADER_SIZE + typeLength + this.#stringLength);
    const view = new DataView(bytes.buffer);
    const put = (position: number, word: number) => view.setUint32(position, word, HOST_IS_LITTLE_ENDIAN);
    view.setUint16(HEADER.magic, BTF_MAGIC, HOST_IS_LITTLE_ENDIAN);
    view.setUint8(HEADER.version, BTF_VERSION);
    put(HEADER.headerLength, HEADER_SIZE);
    put(HEADER.typeLength, typeLength);
    put(HEADER.stringOffset, typeLength);
    put(HEADER.stringLength, this.#stringLength);
    for (const [index, word] of this.#words.entries()) put(HEADER_SIZE + 4 * index, word);
    let position = HEADER_SIZE + typeLength;
    for (const string of this.#strings) {
      bytes.set(string, position);
      position += string.length;
    }
    return bytes;
  }

  #aggregate(kind: 'struct' | 'union', name: string, size: number, members: readonly NewMember[]): number {
    const what = heading(kind, name);
    if (!isU32(size)) throw bad(`${what} cannot be ${size} bytes long`);
    const words = [this.#optionalName(name, what), this.#info(kind, what, members.length), size];
    let end = 0;
    for (const member of members) {
      const label = `member ${member.name || '(anonymous)'} of ${what}`;
      const { byteOffset } = member;
      const memberEnd = byteOffset + this.#sized(member.typeId, label);
      // BTF counts offsets in bits, of which it has 32.
      if (!isU32(byteOffset * 8) || memberEnd > size) throw bad(`${label} does not fit its ${size} bytes`);
      if (kind === 'union' && byteOffset !== 0) throw bad(`${label} must be at byte 0, not ${byteOffset}`);
      if (kind === 'struct' && byteOffset < end) throw bad(`${label} overlaps the one before it`);
      end = memberEnd;
      words.push(this.#optionalName(member.name, label), member.typeId, byteOffset * 8);
    }
    return this.#add(kind, size, words);
  }

  #add(kind: BtfKind, size: number | undefined, words: readonly number[]): number {
    const key = words.join();
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#types.push({ kind, size }) - 1;
    this.#ids.set(key, id);
    for (const word of words) this.#words.push(word >>> 0);
    return id;
  }

  #info(kind: BtfKind, what: string, length: number, flag = false): number {
    if (length > MAX_ENTRIES) throw bad(`${what} has ${length} entries`, `BTF allows ${MAX_ENTRIES}`);
    return makeInfo(kind, length, flag);
  }

  #name(name: string, what: string): number {
    if (IDENTIFIER.test(name) && name.length <= MAX_NAME_LENGTH) return this.string(name);
    throw bad(
      `${what} cannot be called ${JSON.stringify(name)}`,
      `The kernel loads C identifiers of at most ${MAX_NAME_LENGTH} characters`,
    );
  }

  #optionalName(name: string, what: string): number {
    return name === '' ? 0 : this.#name(name, what);
  }

  #known(typeId: number, what: string): number {
    if (this.#types[typeId] !== undefined) return typeId;
    throw bad(`${what} refers to type ${typeId}, which was not added`, 'Add a type before those made of it');
  }

  #sizeOf(typeId: number): number | undefined {
    return this.#types[typeId]?.size;
  }

  #sized(typeId: number, what: string): number {
    const size = this.#sizeOf(this.#known(typeId, what));
    if (size === undefined) throw bad(`${what} has type ${typeId}, which has no size`);
    return size;
  }
}

function bad(message: string, hint?: string): WaggleError {
  return new WaggleError('BAD_DECLARATION', message, hint === undefined ? {} : { hint });
}

function heading(kind: string, name: string): string {
  return `${kind} ${name || '(anonymous)'}`;
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
}
