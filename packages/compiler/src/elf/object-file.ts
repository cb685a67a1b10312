/**
 * A relocatable ELF object in the making: sections with bytes, symbols in them, and relocations that ask the loader to
 * put a symbol into an instruction. What it knows is ELF; what the sections of an eBPF object are is in the files beside it.
 * The same calls yield the same bytes.
 */
import { WaggleError } from '@waggle/bpf';
import {
  Binding,
  HEADER_SIZE,
  IDENTIFICATION,
  MACHINE_BPF,
  RELOCATABLE,
  RELOCATION_SIZE,
  SECTION_HEADER_SIZE,
  SectionFlag,
  SectionType,
  SYMBOL_SIZE,
  SymbolType,
  VERSION,
} from './format.ts';

/** A section by its number, which {@link ObjectFile.section} gives out. */
export type SectionId = number;
/** A symbol as {@link ObjectFile.symbol} made it; its number is only known at the end, for locals go first. */
export type SymbolId = { readonly local: boolean; readonly index: number };

/** What a symbol is. */
export interface NewSymbol {
  readonly name: string;
  readonly section: SectionId;
  /** Byte offset in the section. */
  readonly value: number;
  readonly size: number;
  readonly type: keyof typeof SymbolType;
  readonly binding: keyof typeof Binding;
}

/** A place in a section that is to hold a symbol. */
export interface NewRelocation {
  /** Byte offset in the section. */
  readonly offset: number;
  readonly symbol: SymbolId;
  /** A `RelocationType`. */
  readonly type: number;
}

interface Section {
  readonly name: string;
  readonly type: SectionType;
  readonly flags: number;
  readonly bytes: Uint8Array;
  readonly alignment: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

const NOTHING = new Uint8Array();

/** Strings one after the other, each ended by a NUL; equal strings are stored once. */
class Strings {
  readonly #offsets = new Map<string, number>([['', 0]]);
  #text = '\0';

  add(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = Buffer.byteLength(this.#text);
    this.#offsets.set(text, offset);
    this.#text += `${text}\0`;
    return offset;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.#text);
  }
}

/** Collects sections, symbols and relocations. */
export class ObjectFile {
  readonly #sections: Section[] = [
    { name: '', type: SectionType.null, flags: 0, bytes: NOTHING, alignment: 0 },
  ];
  readonly #locals: NewSymbol[] = [];
  readonly #globals: NewSymbol[] = [];
  readonly #relocations = new Map<SectionId, NewRelocation[]>();

  /** Adds a section with its bytes; throws BAD_DECLARATION for a name that is taken. */
  section(name: string, bytes: Uint8Array, options: { flags: number; alignment: number }): SectionId {
    if (this.#sections.some((section) => section.name === name)) {
      throw new WaggleError('BAD_DECLARATION', `there are two sections called "${name}"`);
    }
    return this.#sections.push({ name, type: SectionType.data, bytes, ...options }) - 1;
  }

  /** Adds a symbol; throws BAD_DECLARATION for a global one whose name is taken. */
  symbol(symbol: NewSymbol): SymbolId {
    const local = symbol.binding === 'local';
    if (!local && this.#globals.some(({ name }) => name === symbol.name)) {
      throw new WaggleError('BAD_DECLARATION', `two symbols of the object are called "${symbol.name}"`, {
        hint: 'Programs and maps share one set of names',
      });
    }
    const list = local ? this.#locals : this.#globals;
    return { local, index: list.push(symbol) - 1 };
  }

  /** Asks for a symbol to be put at a place of a section. */
  relocate(section: SectionId, relocation: NewRelocation): void {
    const list = this.#relocations.get(section) ?? [];
    list.push(relocation);
    this.#relocations.set(section, list);
  }

  /** The file. */
  build(): Uint8Array {
    const strings = new Strings();
    const sections = [...this.#sections];
    const symbolSection = sections.length + this.#relocations.size;
    for (const [target, relocations] of this.#relocations) {
      sections.push({
        name: `.rel${sections[target]?.name ?? ''}`,
        type: SectionType.relocations,
        flags: SectionFlag.infoLink,
        bytes: this.#relocationBytes(relocations),
        alignment: 8,
        link: symbolSection,
        info: target,
        entrySize: RELOCATION_SIZE,
      });
    }
    sections.push({
      name: '.symtab',
      type: SectionType.symbols,
      flags: 0,
      bytes: this.#symbolBytes(strings),
      alignment: 8,
      link: symbolSection + 1,
      info: this.#locals.length + 1,
      entrySize: SYMBOL_SIZE,
    });
    const names = [...sections.map(({ name }) => name), '.strtab'].map((name) => strings.add(name));
    sections.push({
      name: '.strtab',
      type: SectionType.strings,
      flags: 0,
      bytes: strings.bytes,
      alignment: 1,
    });
    return layOut(sections, names);
  }

  #relocationBytes(relocations: readonly NewRelocation[]): Uint8Array {
    const bytes = new Uint8Array(relocations.length * RELOCATION_SIZE);
    const view = new DataView(bytes.buffer);
    for (const [index, { offset, symbol, type }] of relocations.entries()) {
      const at = index * RELOCATION_SIZE;
      view.setBigUint64(at, BigInt(offset), true);
      view.setUint32(at + 8, type, true);
      view.setUint32(at + 12, this.#numberOf(symbol), true);
    }
    return bytes;
  }

  /** Number 0 is the symbol that every table starts with; locals come before globals (gABI, "Symbol Table"). */
  #numberOf({ local, index }: SymbolId): number {
    return 1 + index + (local ? 0 : this.#locals.length);
  }

  #symbolBytes(strings: Strings): Uint8Array {
    const symbols = [...this.#locals, ...this.#globals];
    const bytes = new Uint8Array((symbols.length + 1) * SYMBOL_SIZE);
    const view = new DataView(bytes.buffer);
    for (const [index, { name, section, value, size, type, binding }] of symbols.entries()) {
      const at = (index + 1) * SYMBOL_SIZE;
      view.setUint32(at, strings.add(name), true);
      view.setUint8(at + 4, (Binding[binding] << 4) | SymbolType[type]);
      view.setUint16(at + 6, section, true);
      view.setBigUint64(at + 8, BigInt(value), true);
      view.setBigUint64(at + 16, BigInt(size), true);
    }
    return bytes;
  }
}

/** Header, sections, section headers. */
function layOut(sections: readonly Section[], names: readonly number[]): Uint8Array {
  let end = HEADER_SIZE;
  const offsets = sections.map(({ alignment, bytes }) => {
    const offset = Math.ceil(end / (alignment || 1)) * (alignment || 1);
    end = offset + bytes.length;
    return offset;
  });
  const table = Math.ceil(end / 8) * 8;
  const file = new Uint8Array(table + sections.length * SECTION_HEADER_SIZE);
  const view = new DataView(file.buffer);
  file.set(IDENTIFICATION);
  view.setUint16(16, RELOCATABLE, true);
  view.setUint16(18, MACHINE_BPF, true);
  view.setUint32(20, VERSION, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(52, HEADER_SIZE, true);
  view.setUint16(58, SECTION_HEADER_SIZE, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, sections.length - 1, true);
  for (const [index, section] of sections.entries()) {
    const offset = offsets[index] ?? 0;
    file.set(section.bytes, offset);
    // The first header is all zero.
    if (index === 0) continue;
    const at = table + index * SECTION_HEADER_SIZE;
    view.setUint32(at, names[index] ?? 0, true);
    view.setUint32(at + 4, section.type, true);
    view.setBigUint64(at + 8, BigInt(section.flags), true);
    view.setBigUint64(at + 24, BigInt(offset), true);
    view.setBigUint64(at + 32, BigInt(section.bytes.length), true);
    view.setUint32(at + 40, section.link ?? 0, true);
    view.setUint32(at + 44, section.info ?? 0, true);
    view.setBigUint64(at + 48, BigInt(section.alignment), true);
    view.setBigUint64(at + 56, BigInt(section.entrySize ?? 0), true);
  }
  return file;
}
