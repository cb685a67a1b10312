/**
 * The first look at BTF bytes: where the sections lie according to the header, and where each type record starts. Both
 * checks are complete, so that whoever has passed them may read every record without asking for bounds again.
 */

import {
  BTF_MAGIC,
  BTF_MAGIC_SWAPPED,
  BTF_VERSION,
  HEADER,
  HEADER_SIZE,
  HOST_IS_LITTLE_ENDIAN,
  infoKind,
  infoLength,
  KIND,
  TRAILING_WORDS,
  TYPE_WORDS,
} from './format.ts';

/** Where the two sections lie, in bytes from the start of the BTF; ends are exclusive. */
export interface Sections {
  readonly typeStart: number;
  readonly typeEnd: number;
  readonly stringStart: number;
  readonly stringEnd: number;
}

/** Reads the header and returns where the sections lie; throws what `fail` makes of a header that cannot be. */
export function readSections(view: DataView, fail: (what: string) => Error): Sections {
  const size = view.byteLength;
  if (size < HEADER_SIZE) throw fail(`${size} bytes are too short for the ${HEADER_SIZE} of a header`);
  const magic = view.getUint16(HEADER.magic, HOST_IS_LITTLE_ENDIAN);
  if (magic === BTF_MAGIC_SWAPPED) throw fail('it is in the byte order of another kind of machine');
  if (magic !== BTF_MAGIC)
    throw fail(`it starts with 0x${magic.toString(16)}, not with the magic number 0xeb9f`);
  const version = view.getUint8(HEADER.version);
  if (version !== BTF_VERSION) throw fail(`its version is ${version}, not ${BTF_VERSION}`);
  const word = (position: number) => view.getUint32(position, HOST_IS_LITTLE_ENDIAN);
  const headerLength = word(HEADER.headerLength);
  if (headerLength < HEADER_SIZE || headerLength > size) {
    throw fail(`its header cannot be ${headerLength} of ${size} bytes long`);
  }
  const typeStart = headerLength + word(HEADER.typeOffset);
  const typeEnd = typeStart + word(HEADER.typeLength);
  const stringStart = headerLength + word(HEADER.stringOffset);
  const stringEnd = stringStart + word(HEADER.stringLength);
  if (typeEnd > size) throw fail(`its type section ends at byte ${typeEnd} of ${size}`);
  if (stringEnd > size) throw fail(`its string section ends at byte ${stringEnd} of ${size}`);
  if (typeStart % 4 !== 0) throw fail(`its type section starts at byte ${typeStart}, no multiple of 4`);
  return { typeStart, typeEnd, stringStart, stringEnd };
}

/**
 * Walks the type section and returns the byte at which each record starts. Checks that records fill the section exactly,
 * that their kinds are known and that their names start before `stringsEnd`; throws what `fail` makes of one that
 * does not, given its position among the records.
 */
export function indexTypes(
  view: DataView,
  { typeStart, typeEnd }: Sections,
  stringsEnd: number,
  fail: (index: number, what: string) => Error,
): Uint32Array {
  const starts = new Uint32Array(Math.floor((typeEnd - typeStart) / (4 * TYPE_WORDS)));
  let count = 0;
  let position = typeStart;
  while (position < typeEnd) {
    if (position + 4 * TYPE_WORDS > typeEnd) throw fail(count, `it is cut off at byte ${typeEnd}`);
    const name = view.getUint32(position, HOST_IS_LITTLE_ENDIAN);
    const info = view.getUint32(position + 4, HOST_IS_LITTLE_ENDIAN);
    const kind = infoKind(info);
    const trailing = TRAILING_WORDS[kind];
    if (kind === KIND.void || trailing === undefined) {
      throw fail(count, `its kind ${kind} at byte ${position} is unknown`);
    }
    if (name >= stringsEnd) throw fail(count, `there is no name at string offset ${name}`);
    starts[count++] = position;
    position += 4 * (TYPE_WORDS + trailing.fixed + trailing.perEntry * infoLength(info));
  }
  if (position !== typeEnd) throw fail(count - 1, `it is cut off at byte ${typeEnd}`);
  return starts.subarray(0, count);
}
