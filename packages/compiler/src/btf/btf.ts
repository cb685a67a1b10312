/**
 * An index over BTF bytes. Parsing walks the type section once and notes where each record starts, nothing more: the
 * 5.5 MB of a kernel are indexed in milliseconds, and a type becomes an object only when somebody asks for it. Names
 * are indexed on the first search. The bytes are not copied, so they must not change afterwards.
 *
 * BTF is input from outside, also when the kernel wrote it: whatever does not add up throws WaggleError MALFORMED with
 * the type id or byte at fault.
 */

import { nearest, WaggleError } from '@waggle/bpf';
import { decodeType, type TypeContext } from './decode.ts';
import {
  type BtfKind,
  HOST_IS_LITTLE_ENDIAN,
  infoKind,
  infoLength,
  KIND,
  KIND_NAMES,
  TRAILING_WORDS,
  TYPE_WORDS,
} from './format.ts';
import { anonymousMembersOf, memberAt, membersOf, resolve, sizeOf } from './layout.ts';
import { indexTypes, readSections, type Sections } from './sections.ts';
import { NameIndex, StringTable } from './strings.ts';
import type { BtfAggregate, BtfAnonymousMember, BtfMember, BtfType, BtfTypeOf } from './types.ts';

/** Options of {@link Btf.parse}. */
export interface BtfOptions {
  /** The BTF that this one continues: that of vmlinux, for the BTF of a kernel module. */
  readonly base?: Btf;
  /** What error messages call it, such as `vmlinux`. */
  readonly name?: string;
}

const VOID: BtfType = { kind: 'void', id: 0, name: '' };

/** The types of one BTF blob (and of its base), by id and by name. */
export class Btf {
  /** What error messages call this BTF. */
  readonly label: string;
  /** Number of types, those of the base included and `void` not: ids run from 0 (`void`) to `typeCount`. */
  readonly typeCount: number;
  readonly #base: Btf | undefined;
  readonly #firstId: number;
  readonly #view: DataView;
  readonly #strings: StringTable;
  /** Byte at which each record starts, by id - firstId. */
  readonly #starts: Uint32Array;
  readonly #context: TypeContext;
  #names: NameIndex | undefined;

  private constructor(bytes: Uint8Array, options: BtfOptions) {
    const { base, name } = options;
    this.label = name === undefined ? 'the BTF' : `the BTF of ${name}`;
    this.#base = base;
    this.#firstId = (base?.typeCount ?? 0) + 1;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const sections = readSections(this.#view, (what) => this.#broken(what));
    this.#strings = this.#readStrings(bytes, sections);
    this.#starts = indexTypes(this.#view, sections, this.#strings.end, (index, what) =>
      this.malformed(this.#firstId + index, what),
    );
    this.typeCount = this.#firstId - 1 + this.#starts.length;
    this.#context = {
      view: this.#view,
      strings: this.#strings,
      typeCount: this.typeCount,
      malformed: (id, what) => this.malformed(id, what),
    };
  }

  /** Indexes BTF bytes, which must not change afterwards; throws MALFORMED when they are not BTF of this machine. */
  static parse(bytes: Uint8Array, options: BtfOptions = {}): Btf {
    return new Btf(bytes, options);
  }

  /** Decodes the type with an id; id 0 is `void`. Throws NOT_FOUND when there is no such type. */
  type(id: number): BtfType {
    if (id === 0) return VOID;
    if (this.#base && id < this.#firstId) return this.#base.type(id);
    return decodeType(this.#context, id, this.#start(id));
  }

  /** Returns the kind of a type without decoding it; throws NOT_FOUND when there is no such type. */
  kindOf(id: number): BtfKind {
    if (id === 0) return 'void';
    if (this.#base && id < this.#firstId) return this.#base.kindOf(id);
    return KIND_NAMES[infoKind(this.#word(this.#start(id) + 4))] ?? 'void';
  }

  /** Returns the name of a type without decoding it, empty if it has none; throws NOT_FOUND when there is no such type. */
  nameOf(id: number): string {
    if (id === 0) return '';
    if (this.#base && id < this.#firstId) return this.#base.nameOf(id);
    return this.#strings.read(this.#word(this.#start(id)));
  }

  /** Yields the ids of all types of a kind in ascending order, those of the base first. */
  *ids(kind: BtfKind): Generator<number, undefined> {
    if (this.#base) yield* this.#base.ids(kind);
    for (let id = this.#firstId; id <= this.typeCount; id++) {
      if (this.kindOf(id) === kind) yield id;
    }
  }

  /** Returns the first id that has a name (and is of a kind), or undefined. */
  find(name: string, kind?: BtfKind): number | undefined {
    for (const id of this.#idsOf(name)) {
      if (kind === undefined || this.kindOf(id) === kind) return id;
    }
    return undefined;
  }

  /** Returns the ids of all types that have a name, in ascending order: those of the base come first. */
  findAll(name: string): number[] {
    return [...this.#idsOf(name)];
  }

  /** Returns the first type that has a name and is of a kind, decoded, or undefined. */
  findType<Kind extends BtfKind>(name: string, kind: Kind): BtfTypeOf<Kind> | undefined {
    const id = this.find(name, kind);
    return id === undefined ? undefined : (this.type(id) as BtfTypeOf<Kind>);
  }

  /** Returns the id of the type of a name and kind; throws NOT_FOUND with a hint at what was meant. */
  require(name: string, kind: BtfKind): number {
    const id = this.find(name, kind);
    if (id !== undefined) return id;
    throw this.#notFound(kind, name, [kind]);
  }

  /**
   * Returns the values of an enum, given by name or id, in the order of their declaration: numbers, or bigints for
   * an enum of 64 bits. Throws NOT_FOUND when there is no such enum.
   */
  enumValues(enumeration: string | number): ReadonlyMap<string, number | bigint> {
    const type = this.#resolveFirst(enumeration, ['enum', 'enum64', 'typedef']);
    if (type?.kind !== 'enum' && type?.kind !== 'enum64') {
      throw this.#notFound('enum', enumeration, ['enum', 'enum64']);
    }
    return new Map<string, number | bigint>(type.values.map(({ name, value }) => [name, value]));
  }

  /** Returns the id of the first enum with a member of this name: the way to enums without a name of their own. */
  enumWithMember(member: string): number | undefined {
    const inBase = this.#base?.enumWithMember(member);
    if (inBase !== undefined) return inBase;
    const wanted = this.#strings.offsetsOf(member);
    for (const [index, start] of this.#starts.entries()) {
      const info = this.#word(start + 4);
      const kind = infoKind(info);
      if (kind !== KIND.enum && kind !== KIND.enum64) continue;
      const step = 4 * (TRAILING_WORDS[kind]?.perEntry ?? 0);
      const end = start + 4 * TYPE_WORDS + step * infoLength(info);
      for (let entry = start + 4 * TYPE_WORDS; entry < end; entry += step) {
        if (wanted.has(this.#word(entry))) return this.#firstId + index;
      }
    }
    return undefined;
  }

  /** Returns the type behind typedefs, qualifiers and type tags, decoded. */
  resolve(id: number): BtfType {
    return resolve(this, id);
  }

  /** Returns the size of a type or variable in bytes; throws WRONG_TYPE for a type that has none, such as a function. */
  sizeOf(id: number): number {
    const size = sizeOf(this, id);
    if (size !== undefined) return size;
    throw new WaggleError('WRONG_TYPE', `${this.#describe(id)} has no size`);
  }

  /** Returns the members of a struct or union (name or id), those of anonymous structs and unions in it included. */
  members(aggregate: string | number): BtfMember[] {
    return membersOf(this, this.#aggregate(aggregate));
  }

  /** Returns the anonymous structs and unions directly in a struct or union (name or id), in order of declaration. */
  anonymousMembers(aggregate: string | number): BtfAnonymousMember[] {
    return anonymousMembersOf(this, this.#aggregate(aggregate));
  }

  /**
   * Returns a member of a struct or union (name or id) by its name or by a dotted path into embedded structs.
   * Throws NOT_FOUND when there is none.
   */
  member(aggregate: string | number, path: string): BtfMember {
    return memberAt(this, this.#aggregate(aggregate), path);
  }

  /** Returns the byte offset of a member, see {@link member}; throws WRONG_TYPE for a bit field. */
  memberOffset(aggregate: string | number, path: string): number {
    const member = this.member(aggregate, path);
    if (!member.isBitfield) return member.byteOffset;
    throw new WaggleError('WRONG_TYPE', `'${path}' of ${aggregate} is a bit field and has no byte offset`, {
      hint: 'Use member(), which returns its bits',
    });
  }

  /** Makes the error for a type that does not add up. */
  malformed(id: number, what: string): WaggleError {
    return new WaggleError('MALFORMED', `${this.label}: type ${id}: ${what}`);
  }

  *#idsOf(name: string): Generator<number, undefined> {
    if (this.#base) yield* this.#base.#idsOf(name);
    this.#names ??= new NameIndex(this.#strings, this.#firstId, this.typeCount, (id) =>
      this.#word(this.#starts[id - this.#firstId] ?? 0),
    );
    yield* this.#names.find(name);
  }

  #aggregate(aggregate: string | number): BtfAggregate {
    const type = this.#resolveFirst(aggregate, ['struct', 'union', 'typedef']);
    if (type?.kind === 'struct' || type?.kind === 'union') return type;
    throw this.#notFound('struct or union', aggregate, ['struct', 'union']);
  }

  /** The type of an id, or of a name as the first of these kinds that there is. */
  #resolveFirst(wanted: string | number, kinds: readonly BtfKind[]): BtfType | undefined {
    if (typeof wanted === 'number') return this.resolve(wanted);
    for (const kind of kinds) {
      const id = this.find(wanted, kind);
      if (id !== undefined) return this.resolve(id);
    }
    return undefined;
  }

  #notFound(what: string, wanted: string | number, kinds: readonly BtfKind[]): WaggleError {
    if (typeof wanted === 'number') {
      return new WaggleError('NOT_FOUND', `${this.#describe(wanted)} is no ${what}`);
    }
    const others = [...new Set(this.findAll(wanted).map((id) => this.kindOf(id)))];
    const similar = others.length > 0 ? undefined : nearest(wanted, this.#similarNames(wanted, kinds));
    const hint =
      others.length > 0
        ? { hint: `It is the name of a ${others.join(' and a ')}` }
        : similar === undefined
          ? {}
          : { hint: `Did you mean ${similar}?` };
    return new WaggleError('NOT_FOUND', `there is no ${what} ${wanted} in ${this.label}`, hint);
  }

  /** Names that begin like a wanted one and are about as long: few enough of a kernel's to be compared closely. */
  *#similarNames(wanted: string, kinds: readonly BtfKind[]): Generator<string, undefined> {
    for (const kind of kinds) {
      for (const id of this.ids(kind)) {
        const name = this.nameOf(id);
        if (name[0] === wanted[0] && Math.abs(name.length - wanted.length) <= 2) yield name;
      }
    }
  }

  #describe(id: number): string {
    return `type ${id} (${`${this.kindOf(id)} ${this.nameOf(id)}`.trim()}) in ${this.label}`;
  }

  #start(id: number): number {
    const start = this.#starts[id - this.#firstId];
    if (start !== undefined) return start;
    throw new WaggleError(
      'NOT_FOUND',
      `there is no type ${id} in ${this.label}, which has ${this.typeCount}`,
    );
  }

  #word(position: number): number {
    return this.#view.getUint32(position, HOST_IS_LITTLE_ENDIAN);
  }

  #readStrings(bytes: Uint8Array, { stringStart, stringEnd }: Sections): StringTable {
    const strings = bytes.subarray(stringStart, stringEnd);
    // Split BTF need not have strings of its own, nor begin with the empty one.
    if (!this.#base && strings[0] !== 0) {
      throw this.#broken(`no empty string at byte ${stringStart}, where strings start`);
    }
    if (strings.length > 0 && strings.at(-1) !== 0) {
      throw this.#broken(`its string section does not end with a NUL at byte ${stringEnd - 1}`);
    }
    return new StringTable(strings, this.#base ? this.#base.#strings : undefined);
  }

  #broken(what: string): WaggleError {
    return new WaggleError('MALFORMED', `${this.label}: ${what}`);
  }
}
