/**
 * Where a function lies in an ELF file: what a uprobe needs. Reads the symbol tables (.symtab, .dynsym) of a 64-bit
 * little-endian file and turns the symbol's address into an offset by the program headers (System V ABI, chapter 4).
 */
import { readFileSync } from 'node:fs';
import { WaggleError } from '@waggle/bpf';

const SECTION_SYMBOLS = 2;
const SECTION_DYNAMIC_SYMBOLS = 11;
const SEGMENT_LOAD = 1;
const SYMBOL_SIZE = 24;

/**
 * The offset of a function's first instruction in the file.
 * @throws WaggleError NOT_FOUND for a missing file or symbol, MALFORMED for a file that is no such ELF.
 */
export function symbolOffset(path: string, symbol: string): number {
  const file = read(path);
  try {
    const address = symbolAddress(file, symbol);
    if (address !== undefined) return fileOffset(file, address);
  } catch (cause) {
    if (cause instanceof RangeError) throw new WaggleError('MALFORMED', `${path} is cut short`, { cause });
    throw cause;
  }
  throw new WaggleError('NOT_FOUND', `${path} has no symbol "${symbol}"`, {
    hint: 'A stripped file only has its exported functions; give an offset instead',
  });
}

function read(path: string): DataView {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new WaggleError('NOT_FOUND', `${path} cannot be read`, { cause });
  }
  const is64BitLittleEndianElf = bytes.subarray(0, 6).equals(Buffer.from('\x7fELF\x02\x01', 'latin1'));
  if (!is64BitLittleEndianElf) {
    throw new WaggleError('MALFORMED', `${path} is no 64-bit little-endian ELF file`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function symbolAddress(file: DataView, symbol: string): number | undefined {
  const wanted = Buffer.from(`${symbol}\0`);
  const sections = word(file, 0x28);
  const sectionCount = file.getUint16(0x3c, true);
  for (let index = 0; index < sectionCount; index++) {
    const header = sections + index * 64;
    const type = file.getUint32(header + 4, true);
    if (type !== SECTION_SYMBOLS && type !== SECTION_DYNAMIC_SYMBOLS) continue;
    const start = word(file, header + 24);
    const end = start + word(file, header + 32);
    const strings = word(file, sections + file.getUint32(header + 40, true) * 64 + 24);
    for (let at = start; at + SYMBOL_SIZE <= end; at += SYMBOL_SIZE) {
      const value = word(file, at + 8);
      if (value !== 0 && textEquals(file, strings + file.getUint32(at, true), wanted)) return value;
    }
  }
  return undefined;
}

function textEquals(file: DataView, offset: number, wanted: Buffer): boolean {
  if (offset + wanted.length > file.byteLength) return false;
  return Buffer.from(file.buffer, file.byteOffset + offset, wanted.length).equals(wanted);
}

function fileOffset(file: DataView, address: number): number {
  const segments = word(file, 0x20);
  const segmentCount = file.getUint16(0x38, true);
  for (let index = 0; index < segmentCount; index++) {
    const header = segments + index * 56;
    if (file.getUint32(header, true) !== SEGMENT_LOAD) continue;
    const start = word(file, header + 16);
    if (address >= start && address < start + word(file, header + 40)) {
      return address - start + word(file, header + 8);
    }
  }
  return address;
}

/** A 64-bit field as a number; offsets of real files are far below 2^53. */
function word(file: DataView, offset: number): number {
  return Number(file.getBigUint64(offset, true));
}
