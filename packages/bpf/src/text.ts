/**
 * Text of fixed size in memory: C `char[n]`, padded with NUL. Names in the kernel are short and nearly always
 * ASCII, so both directions first go byte by byte and turn to the UTF-8 coder of the platform only when a
 * byte asks for it.
 */

const encoder = new TextEncoder();
// A byte order mark is a character like any other here; dropping it would change the text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Writes a text and pads it with NUL up to `length` bytes. Answers false, having written some of it or
 * nothing, when the text needs more room, has a NUL in it or half a surrogate pair.
 */
export function putText(view: DataView, offset: number, length: number, text: string): boolean {
  let end = 0;
  while (end < text.length && end < length) {
    const code = text.charCodeAt(end);
    if (code === 0) return false;
    if (code >= 0x80) return putUnicode(view, offset, length, text);
    view.setUint8(offset + end, code);
    end++;
  }
  if (end < text.length) return false;
  for (; end < length; end++) view.setUint8(offset + end, 0);
  return true;
}

/** Reads a text of at most `length` bytes, up to the first NUL; what is not UTF-8 reads as U+FFFD. */
export function getText(view: DataView, offset: number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) {
    const code = view.getUint8(offset + index);
    if (code === 0) break;
    if (code >= 0x80) return getUnicode(view, offset, length);
    text += String.fromCharCode(code);
  }
  return text;
}

function putUnicode(view: DataView, offset: number, length: number, text: string): boolean {
  if (text.includes('\0') || /\p{Surrogate}/u.test(text)) return false;
  const target = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const { read, written } = encoder.encodeInto(text, target);
  target.fill(0, written);
  return read === text.length;
}

function getUnicode(view: DataView, offset: number, length: number): string {
  const source = new Uint8Array(view.buffer, view.byteOffset + offset, length);
  const end = source.indexOf(0);
  return decoder.decode(end === -1 ? source : source.subarray(0, end));
}
